"""What is in a file: its kind, the members of a zip, the header, and the bytes of the CSV."""
