"""What every asset of contacts does in a run, and what the UI shows of it."""
