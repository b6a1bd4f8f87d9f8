"""The groups of settings."""
