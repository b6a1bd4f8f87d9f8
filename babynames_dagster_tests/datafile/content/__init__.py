"""Tests of `datafile/content/`."""
