"""Dagster's resources: configuration and life cycle around the domain.

What belongs here: opening and closing what a run needs, and turning the domain's errors and progress into Dagster's.
What does not: rules. A field holds a secret's name, never its value: Dagster shows and stores fields (`fields.py`).
"""
