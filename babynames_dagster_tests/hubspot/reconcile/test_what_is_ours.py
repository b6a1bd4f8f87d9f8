"""Whatever users and the pipeline do in turn, nothing is archived or overwritten that is not the pipeline's to.

A model knows who made each record and what users made of it since. After each action of the pipeline, every record
that is not its own must be as it was before.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.mirror import archive_orphans
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.names.contacts.source import NameSource
from babynames_dagster_tests.support.databases import SchemaAtHead
from babynames_dagster_tests.support.stand_ins.hubspot import PARTITIONS, StandIn
from babynames_dagster_tests.support.syncing import add_names, reconcile, sync, undo_names

pytestmark = pytest.mark.slow

NAMES = 5
CUSTOMERS = ("boss@customer.com", "chief@customer.com")
_folders = itertools.count()


def email(number: int) -> str:
    return f"name{number}.{'mf'[number % 2]}@babynamesdemo.com"


OUR_EMAILS = {email(number) for number in range(1, NAMES + 1)}


class Play:
    """An account and a table, what may be done to them, and who owns which record."""

    def __init__(self, engine: Engine, stand_in: StandIn) -> None:
        self.engine, self.stand_in = engine, stand_in
        self.made: set[str] = set()
        """Records that the pipeline made."""
        self.taken: set[str] = set()
        """Records that users made their own: merged, or under another email."""
        self.edits = 0

    def users(self, action: str, number: int) -> None:
        ours, customer = email(number), CUSTOMERS[number % 2]
        held = self.stand_in.contacts()
        self.edits += 1
        if action == "edit" and ours in held:
            self.stand_in.edit(ours, firstname=f"Edited{self.edits}", hs_lead_status="CONNECTED")
        elif action == "merge" and {ours, customer} <= held.keys():
            self.taken.add(self.stand_in.merge(customer, ours))
        elif action == "merge_under_ours" and {ours, customer} <= held.keys():
            self.taken.add(self.stand_in.merge(ours, customer))
        elif action == "merge_two" and {ours, email(number % NAMES + 1)} <= held.keys():
            self.taken.add(self.stand_in.merge(ours, email(number % NAMES + 1)))
        elif action == "change_email" and ours in held:
            self.taken.add(held[ours]["hs_object_id"])
            self.stand_in.edit(ours, email=f"real{self.edits}@customer.com")
        elif action in {"archive", "restore", "delete"}:
            self._take_away_or_back(action, ours)
        elif action == "make" and ours not in self._every_email():
            self.stand_in.seed({"email": ours, "firstname": "Users' own"})
        elif action == "add_email" and customer in held and ours not in self._every_email():
            self.stand_in.add_secondary_email(customer, ours)

    def _take_away_or_back(self, action: str, ours: str) -> None:
        if action == "restore":
            with suppress(requests.HTTPError):  # it may not be archived
                self.stand_in.restore(ours)
        elif ours in self.stand_in.contacts():
            (self.stand_in.archive if action == "archive" else self.stand_in.delete)(ours)

    def table(self, action: str, number: int) -> None:
        with writing(self.engine) as connection:
            one = baby_names.c.id == number
            if action == "forget":
                connection.execute(sa.delete(baby_names).where(one))
            else:
                self.edits += 1
                connection.execute(sa.update(baby_names).where(one).values(name=f"Renamed{self.edits}"))

    def ledger(self, action: str) -> None:
        """Lose the ledger; or let a run be killed before any of its outcomes is in it."""
        with reading(self.engine) as connection:
            known = [dict(row) for row in connection.execute(sa.select(hubspot_contacts)).mappings()]
        if action == "kill":
            self.pipeline("refresh")
        with writing(self.engine) as connection:
            connection.execute(sa.delete(hubspot_contacts))
            if action == "kill" and known:
                connection.execute(sa.insert(hubspot_contacts), known)

    def pipeline(self, action: str) -> None:
        """Let the pipeline act, and look at what it did to every record."""
        before = self._records()
        actions: dict[str, Callable[[], object]] = {
            "sync": lambda: sync(self.engine, self.stand_in),
            "refresh": lambda: sync(self.engine, self.stand_in, options=SyncOptions(full_refresh=True)),
            "change_mapping": self._change_mapping,
            "retry": lambda: sync(self.engine, self.stand_in, options=SyncOptions(retry_rejected=True)),
            "reconcile": lambda: reconcile(self.engine, self.stand_in),
            "repair": lambda: reconcile(self.engine, self.stand_in, repair=True),
            "recreate": lambda: reconcile(self.engine, self.stand_in, recreate=True),
            "undo": self._undo,
            "mirror": self._mirror,
        }
        actions[action]()
        after = self._records()
        for record, was in before.items():
            if record not in after:
                assert record in self.made - self.taken, f"{action} archived {was}"
                assert was["email"] in OUR_EMAILS, f"{action} archived {was}"
            elif after[record] != was:
                assert record not in self.taken, f"{action} overwrote {was}"
                assert was["email"] in OUR_EMAILS, f"{action} overwrote {was}"
            if record in after and was.get("hs_lead_status"):
                assert after[record].get("hs_lead_status") == was["hs_lead_status"], f"{action}: {was}"
        self.made |= after.keys() - before.keys()

    def _change_mapping(self) -> None:
        self.edits += 1
        sync(self.engine, self.stand_in, hubspot_extra_properties={"company": f"Company{self.edits}"})

    def _undo(self) -> None:
        chosen = self.stand_in.settings(self.engine)
        with open_client(chosen.account, self.engine) as client:
            undo_names(self.engine, client, chosen)

    def _mirror(self) -> None:
        with open_client(self.stand_in.settings(self.engine).account, self.engine) as client:
            source = NameSource(self.engine, NameMapping("babynamesdemo.com"))
            archive_orphans(client, self.engine, source, partitions=PARTITIONS, max_in_flight=2)

    def _records(self) -> dict[str, dict[str, str]]:
        return {properties["hs_object_id"]: properties for properties in self.stand_in.contacts().values()}

    def _every_email(self) -> set[str]:
        held = self.stand_in.contacts()
        others = (item for one in held.values() for item in one.get("hs_additional_emails", "").split(";"))
        return {*held, *others}


NUMBERS = st.integers(1, NAMES)
USERS = [
    "edit",
    "merge",
    "merge_under_ours",
    "merge_two",
    "change_email",
    "archive",
    "restore",
    "delete",
    "make",
    "add_email",
]
PIPELINE = ["sync", "refresh", "change_mapping", "retry", "reconcile", "repair", "recreate", "undo", "mirror"]
STEPS = st.one_of(
    st.tuples(st.just("users"), st.sampled_from(USERS), NUMBERS),
    st.tuples(st.just("table"), st.sampled_from(["forget", "rename"]), NUMBERS),
    st.tuples(st.just("ledger"), st.sampled_from(["lose", "kill"]), NUMBERS),
    st.tuples(st.just("pipeline"), st.sampled_from(PIPELINE), NUMBERS),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[("users", "merge", 1), ("pipeline", "undo", 1)])
@example(steps=[("users", "merge", 1), ("pipeline", "refresh", 1)])
@example(steps=[("users", "merge", 1), ("pipeline", "change_mapping", 1), ("pipeline", "undo", 1)])
@example(steps=[("users", "merge_under_ours", 2), ("table", "rename", 2), ("pipeline", "sync", 1)])
@example(steps=[("users", "change_email", 3), ("pipeline", "refresh", 1), ("pipeline", "repair", 1)])
@example(steps=[("users", "delete", 1), ("users", "add_email", 1), ("pipeline", "refresh", 1)])
@example(steps=[("users", "change_email", 1), ("table", "forget", 1), ("pipeline", "mirror", 1)])
@example(steps=[("users", "edit", 1), ("ledger", "lose", 1), ("pipeline", "sync", 1)])
@example(steps=[("users", "archive", 1), ("ledger", "kill", 1), ("users", "edit", 1), ("pipeline", "refresh", 1)])
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
def test_only_what_is_ours_is_archived_or_overwritten(
    stand_in: StandIn, schema_at_head: SchemaAtHead, tmp_path: Path, steps: list[tuple[str, str, int]]
) -> None:
    stand_in.reset()
    engine = open_engine(make_url(f"sqlite:///{tmp_path / f'{next(_folders)}.db'}"))
    try:
        schema_at_head.make(engine)
        stand_in.seed(*({"email": customer, "firstname": "Customer"} for customer in CUSTOMERS))
        add_names(engine, NAMES)
        play = Play(engine, stand_in)
        play.pipeline("sync")
        for kind, action, number in steps:
            if kind == "users":
                play.users(action, number)
            elif kind == "table":
                play.table(action, number)
            elif kind == "ledger":
                play.ledger(action)
            else:
                play.pipeline(action)
    finally:
        engine.dispose()
