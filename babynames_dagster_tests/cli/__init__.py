"""Tests of the `babynames` command, run as a user runs it."""
