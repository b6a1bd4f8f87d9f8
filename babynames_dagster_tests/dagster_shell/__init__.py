"""Tests of the floors that know Dagster: IO managers, assets, checks, sensors, definitions."""
