"""Keeping a HubSpot account's contacts equal to the table.

What belongs here: the client, pacing, the decisions and the accounting of what sync, plan and reconcile do. What does
not: SQL statements, which `database/` owns, and any source of contacts. Nothing here knows Dagster.
"""
