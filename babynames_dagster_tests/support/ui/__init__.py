"""Dagster's UI and a browser, for the UI's tests and the screenshots."""
