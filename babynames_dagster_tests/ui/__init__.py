"""Dagster's UI, used as a person would."""
