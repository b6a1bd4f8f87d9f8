"""Dagster's resources."""
