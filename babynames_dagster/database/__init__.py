"""The database floor: every table, every SQL statement, and what the server's errors mean.

What belongs here: one module a table's statements, the engine, migrations. What does not: what the rows
mean, which `names/` and `hubspot/` decide. Nothing here knows Dagster.
"""
