"""Tests of `database/connection/`."""
