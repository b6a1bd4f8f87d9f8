"""How assets' values are kept between steps: files on disk, rows in the database.

What belongs here: Dagster's side of writing and loading, and the metadata of what was written. What does not: the
load itself, which `names/` owns.
"""
