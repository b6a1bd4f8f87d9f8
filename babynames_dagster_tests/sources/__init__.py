"""Everybody's own tables as sources of the sync."""
