"""Everybody's own tables as sources of the sync: a table, a view or a query whose rows become contacts.

What belongs here: what a row becomes, its partition, and why it may be no contact. What does not: SQL, which
`database/` owns; sending, which `hubspot/` does. Nothing here knows Dagster.
"""
