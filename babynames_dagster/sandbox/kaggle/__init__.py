"""Kaggle's stand-in: its pages, and its ways to a file."""
