"""Batches of contacts."""
