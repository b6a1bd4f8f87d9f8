"""Tests of `database/schema/`."""
