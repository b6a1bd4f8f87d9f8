"""The project of a folder, and the tables of its own that are assets of contacts.

What belongs here: its definitions, as `dg` finds them, and its resources. What does not: what a command does.
"""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components.definitions import LazyDefinitions
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.orchestration.assets.own_table.asset import table_of
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactTable
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource
from babynames_dagster.settings import Settings
from babynames_dagster.settings.env_file import CHOICE, env_file
from babynames_dagster.settings.shell import lend_to_dagster
from babynames_dagster.sources.table import TableSource

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PROJECT, _DG = Path("pyproject.toml"), Path("dg.toml")
_REMEDY = "Run the command in the project's folder, or name the module with its definitions: --module shop.definitions."
_CHECK = "`dg check defs` in the project's folder says more."


@dataclass(frozen=True)
class OpenedTable:
    """A table's sync with the resources of its project.

    Attributes:
        table: What the asset is made of.
        hubspot: The account.
        engine: The ledger's database.
        source: The rows.
    """

    table: ContactTable
    hubspot: HubSpotResource
    engine: Engine
    source: TableSource


@contextmanager
def opened_table(settings: Settings, sync: str, module: str | None) -> Iterator[OpenedTable]:
    """Open the sync of a table, and close its databases.

    Args:
        settings: Where the command looks: its file of settings, its data folder.
        sync: The asset's key, or its name in the ledger.
        module: Where the definitions are; None for the project in this folder.

    Raises:
        PipelineError: INVALID_CONFIG where there is no such project, asset or resource; any DB_* code.
    """
    module = module or _module_here()
    definitions = _definitions(module, settings)
    table = _table(definitions, sync, module)
    needed = {"hubspot", "database", table.source}
    given: Mapping[str, Any] = definitions.resources or {}
    missing = sorted(needed - given.keys())
    if missing:
        raise PipelineError(ErrorCode.INVALID_CONFIG, f"{module} has no resource {', '.join(missing)}.", remedy=_CHECK)
    with dg.build_resources({name: given[name] for name in needed}) as resources:
        engine = resources.database.engine
        source = table.rows_in(getattr(resources, table.source).engine, engine)
        yield OpenedTable(table, resources.hubspot, engine, source)


def _module_here() -> str:
    """Return the module that this folder's project names, as `dg` and `dagster` read it."""
    tools = _toml(_PROJECT).get("tool", {})
    project = (_toml(_DG) or tools.get("dg", {})).get("project", {})
    root = project.get("root_module")
    module = project.get("code_location_target_module") or (f"{root}.definitions" if root else None)
    module = module or tools.get("dagster", {}).get("module_name")
    if module is None:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG, f"{_PROJECT.absolute()} names no project of Dagster.", remedy=_REMEDY
        )
    return str(module)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG, f"{path.absolute()} can't be read: {error}.", remedy=_REMEDY
        ) from None


def _definitions(module: str, settings: Settings) -> dg.Definitions:
    """Import a module's definitions, with what only `.env` has in the environment, as below `dg`."""
    own = {"DATA_DIR": str(settings.files.data)}
    own |= {CHOICE: str(settings.env_file)} if settings.env_file.exists() else {}
    lend_to_dagster(env_file(settings.env_file), own)
    sys.path[:0] = [str(path) for path in (Path.cwd(), Path.cwd() / "src") if str(path) not in sys.path]
    try:
        found = _defined_in(module)
    except PipelineError:
        raise
    except Exception as error:
        # What a project's code says in an exception may hold anything, a password among it.
        what = f": {error}" if isinstance(error, ImportError) else ""
        raise PipelineError(
            ErrorCode.INVALID_CONFIG, f"{module} can't be loaded: {type(error).__name__}{what}.", remedy=_CHECK
        ) from error
    if found is None:
        raise PipelineError(ErrorCode.INVALID_CONFIG, f"{module} defines nothing for Dagster.", remedy=_REMEDY)
    return found


def _defined_in(module: str) -> dg.Definitions | None:
    for value in vars(importlib.import_module(module)).values():
        found = value() if isinstance(value, LazyDefinitions) else value
        if isinstance(found, dg.Definitions):
            return found
    return None


def _table(definitions: dg.Definitions, sync: str, module: str) -> ContactTable:
    specs = definitions.resolve_all_asset_specs()
    tables = {spec.key.to_user_string(): table for spec in specs if (table := table_of(spec)) is not None}
    for key, table in tables.items():
        if sync in {key, table.ledger_name}:
            return table
    there = f"; there are: {', '.join(sorted(tables))}" if tables else ", nor any other asset of contacts"
    raise PipelineError(
        ErrorCode.INVALID_CONFIG,
        f"{module} has no asset of contacts {sync!r}{there}.",
        remedy="Name one of them with --sync; without it, the command is about the names.",
    )
