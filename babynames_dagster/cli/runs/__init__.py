"""Runs of the graph by a command: the instance, the run in this process, what it did, and the UI over it."""
