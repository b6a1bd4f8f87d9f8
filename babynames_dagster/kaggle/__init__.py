"""Getting the dataset's file from Kaggle: by a real browser, by REST, or kept from before.

What belongs here: login, page locators, downloads, what each obstacle means. What does not: what the file holds.
Nothing here knows Dagster.
"""
