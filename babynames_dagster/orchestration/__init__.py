"""Dagster's side: assets, resources and IO managers, what runs by itself, the queue, and what Prometheus gets.

What belongs here: whatever imports Dagster; `definitions.py` puts it together. What does not: what the assets do, which
is in the rooms of the domain.
"""
