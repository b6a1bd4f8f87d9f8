"""Plans of a stand-in's account: made and applied as the commands do."""

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import writing
from babynames_dagster.database.tables import baby_names
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.plan.apply_report import ApplyReport
from babynames_dagster.hubspot.plan.applying import Applier
from babynames_dagster.hubspot.plan.making import PlanReport, Wanted
from babynames_dagster.hubspot.plan.saving import save_plan
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster.settings import Settings
from babynames_dagster_tests.support.stand_ins.hubspot import (
    PARTITIONS,
    StandIn,
)

BOSS = "boss@customer.com"
"""A customer that is none of ours."""

OVERRIDDEN = Guards(overridden=True)


def email(number: int, domain: str = "babynamesdemo.com") -> str:
    return f"name{number}.{'mf'[number % 2]}@{domain}"


NOTHING_ELSE = SyncOptions()


def wanted(engine: Engine, settings: Settings, options: SyncOptions = NOTHING_ELSE) -> Wanted:
    return Wanted.from_settings(
        settings.hubspot, NameSource.from_settings(engine, settings.hubspot), PARTITIONS, options
    )


def plan(
    engine: Engine,
    stand_in: StandIn,
    path: Path | None = None,
    options: SyncOptions = NOTHING_ELSE,
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> PlanReport:
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return save_plan(client, wanted(engine, settings, options), path, max_in_flight=4)


def apply(
    engine: Engine,
    stand_in: StandIn,
    path: Path,
    guards: Guards = OVERRIDDEN,
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> ApplyReport:
    settings = stand_in.settings(engine, **overrides)
    with open_client(settings.account, engine) as client:
        return Applier(client, engine, path, wanted(engine, settings), guards, max_in_flight=4, wait_seconds=0).run()


def rows_of(path: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["email"]: line for line in lines[1:-1]}


def rename(engine: Engine, number: int, name: str) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(baby_names).where(baby_names.c.id == number).values(name=name))


def forget(engine: Engine, number: int) -> None:
    with writing(engine) as connection:
        connection.execute(sa.delete(baby_names).where(baby_names.c.id == number))
