"""Keeping a HubSpot account's contacts equal to the table.

What belongs here: the mapping from names to contacts, the client, pacing, the sync's decisions and accounting. What
does not: SQL statements, which `database/` owns. Nothing here knows Dagster.
"""
