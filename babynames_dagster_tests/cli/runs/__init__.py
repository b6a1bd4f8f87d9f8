"""Runs by a command."""
