"""The REST way to the dataset."""
