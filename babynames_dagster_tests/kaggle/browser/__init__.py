"""The browser way."""
