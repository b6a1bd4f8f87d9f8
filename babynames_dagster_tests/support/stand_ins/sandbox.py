"""The sandbox with the controls that tests need."""

from functools import partial

from babynames_dagster.sandbox import server
from babynames_dagster_tests.support.stand_ins.hubspot_controls import control_routes

running_sandbox = partial(server.running_sandbox, extend_hubspot=control_routes)
"""Serves both stand-ins as `babynames sandbox` does, and answers under `/_sandbox/` besides."""
