"""Tests of `sandbox/hubspot/`."""
