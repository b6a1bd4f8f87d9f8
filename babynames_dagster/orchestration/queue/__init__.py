"""Runs as tasks of a Celery queue: launching them, running them, and noticing a worker that died.

What belongs here: what Dagster's own Celery library lacks. Nothing else of the pipeline imports this room; its
dependencies are the extra `queue`.
"""
