"""The sandbox with the controls that tests need."""

from functools import partial
from typing import Any

import requests

from babynames_dagster.sandbox import server
from babynames_dagster.sandbox.server import Sandbox
from babynames_dagster_tests.support.stand_ins.hubspot_controls import control_routes

running_sandbox = partial(server.running_sandbox, extend_hubspot=control_routes)
"""Serves both stand-ins as `babynames sandbox` does, and answers under `/_sandbox/` besides."""


def set_faults(sandbox: Sandbox, *faults: dict[str, Any]) -> None:
    """Put faults between requests to the stand-in for HubSpot and their answers."""
    requests.put(f"{sandbox.hubspot_url}/_sandbox/faults", json=faults, timeout=10).raise_for_status()
