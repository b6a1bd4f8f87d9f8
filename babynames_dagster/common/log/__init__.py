"""What is logged, where it goes, and the secrets that are kept out of it."""
