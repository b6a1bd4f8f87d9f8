"""Processes that tests start and kill, forked from one that has imported already what each would have to."""

import multiprocessing
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster.settings.model import VARIABLES

_IMPORTED = [
    "pytest",
    "babynames_dagster_tests.support.customers",
    "babynames_dagster_tests.support.loading",
    "babynames_dagster_tests.support.stand_ins.hubspot",
]


@cache
def processes() -> ForkServerContext:
    """Return what starts processes; none of the pipeline's variables is set in any of them, whatever the test has set.

    The server finds what it is to import by PYTHONPATH only, and keeps for all its processes the environment that it
    was started with.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    with pytest.MonkeyPatch.context() as environment:
        for name in (*VARIABLES, CHOICE, "DAGSTER_HOME"):
            environment.delenv(name.upper(), raising=False)
        environment.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        forkserver.ensure_running()
    return context
