"""From the bytes of a CSV to names and rejects."""
