"""Writing what a load brings."""
