"""Plans: what a run would write, row by row, for a person to review, and writing just that."""
