"""What assets of contacts show."""
