"""From a stream of names to rows of a table: batches, duplicates, resuming, counting."""
