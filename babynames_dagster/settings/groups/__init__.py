"""The groups of settings, one module a group."""
