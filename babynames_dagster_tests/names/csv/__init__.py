"""Reading the CSV."""
