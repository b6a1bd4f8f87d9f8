"""The dataset's file."""
