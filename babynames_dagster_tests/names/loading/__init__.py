"""Loading into the tables."""
