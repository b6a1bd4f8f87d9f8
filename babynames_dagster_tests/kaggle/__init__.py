"""Tests of getting the file."""
