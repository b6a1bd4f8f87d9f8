"""The dataset's file: what it is by its bytes, whether it is sound, and the CSV inside it.

What belongs here: zips, checksums, atomic promotion. What does not: where the file comes from (`kaggle/`) and what
its rows mean (`names/`). Nothing here knows Dagster.
"""
