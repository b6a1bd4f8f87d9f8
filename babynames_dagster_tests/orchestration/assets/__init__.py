"""The assets, their checks, and the graph as a whole."""
