"""The REST way."""
