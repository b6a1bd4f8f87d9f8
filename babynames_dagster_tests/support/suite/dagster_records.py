"""Dagster's records in files, real ones, at two thirds of their price.

For each statement, Dagster makes an engine and compiles the statement again; for each instance, Alembic reads some
fifty migrations several times. Within one process, all of that is the same each time.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import alembic.util
import pytest
import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from sqlalchemy.engine import Engine

_STORAGES = (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage)
_ENGINES = 32
"""How many files' engines are kept."""


@contextmanager
def quick_records() -> Iterator[None]:
    """Keep engines and migrations from one use to the next for as long as the block lasts."""
    load_python_file = alembic.util.load_python_file

    @lru_cache(_ENGINES)
    def engine_of(url: str, connect_args: tuple[tuple[str, Any], ...]) -> Engine:
        return sa.create_engine(url, poolclass=sa.NullPool, connect_args=dict(connect_args))

    def create_engine(url: str, *, poolclass: type[sa.Pool], connect_args: Mapping[str, Any] | None = None) -> Engine:
        assert poolclass is sa.NullPool, "an engine that is kept would keep its file open"
        return engine_of(url, tuple((connect_args or {}).items()))

    @cache
    def migration(folder: str, name: str, changed: int) -> ModuleType:
        del changed
        return load_python_file(folder, name)

    def load(folder: str | os.PathLike[str], name: str | os.PathLike[str]) -> ModuleType:
        path = Path(folder, name)
        if path.name == "env.py":  # to load it is to migrate
            return load_python_file(folder, name)
        return migration(str(path.parent), path.name, path.stat().st_mtime_ns)

    with pytest.MonkeyPatch.context() as patch:
        for storage in _STORAGES:
            patch.setattr(storage, "create_engine", create_engine)
        patch.setattr(alembic.util, "load_python_file", load)
        yield
