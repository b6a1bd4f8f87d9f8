"""What a name is, and how names are read and loaded.

What belongs here: identity (slug, initial, sex), reading the CSV, the load's decisions and accounting. What does
not: SQL statements, which `database/` owns. Nothing here knows Dagster.
"""
