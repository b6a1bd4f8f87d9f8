"""The stand-in for HubSpot as tests use it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from sqlalchemy.engine import Engine
from starlette.routing import Route

from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.sandbox.hubspot.account import Account
from babynames_dagster.sandbox.hubspot.api import Extend, hubspot_app
from babynames_dagster.sandbox.hubspot.limits import RollingWindow
from babynames_dagster.sandbox.serving import serving
from babynames_dagster.settings import Settings, load_settings
from babynames_dagster_tests.support.processes import processes
from babynames_dagster_tests.support.stand_ins.hubspot_controls import control_routes

TOKEN = "pat-na1-11111111-2222-3333-4444-555555555555"
PORTAL = 4242
LEDGER = Ledger(PORTAL, NAMES)
PARTITIONS = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "other"]


class StandIn:
    """A served stand-in, and the controls of its account."""

    def __init__(self, url: str) -> None:
        """Talk to the stand-in at `url`."""
        self.url = url

    def set_faults(self, *faults: dict[str, Any]) -> None:
        requests.put(f"{self.url}/_sandbox/faults", json=faults, timeout=10).raise_for_status()

    def change(self, **values: Any) -> None:  # noqa: ANN401 - JSON
        requests.patch(f"{self.url}/_sandbox/account", json=values, timeout=10).raise_for_status()

    def stats(self) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self.url}/_sandbox/stats", timeout=10).json()
        return answer

    def log(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = requests.get(f"{self.url}/_sandbox/requests", timeout=10).json()
        return answer

    def writes(self) -> list[dict[str, Any]]:
        return [entry for entry in self.log() if entry["path"].endswith(("/create", "/update"))]

    def contacts(self, *, archived: bool = False) -> dict[str, dict[str, str]]:
        """Return the properties of every contact, by email."""
        found: dict[str, dict[str, str]] = {}
        after = "0"
        while True:
            page = requests.get(
                f"{self.url}/_sandbox/contacts",
                params={"after": after, "archived": str(archived).lower()},
                timeout=30,
            ).json()
            found.update({contact["properties"]["email"]: contact["properties"] for contact in page})
            if not page:
                return found
            after = page[-1]["id"]

    def seed(self, *contacts: dict[str, str]) -> None:
        """Make contacts that somebody else has in the account."""
        inputs = [
            {"id": properties["email"], "idProperty": "email", "properties": properties} for properties in contacts
        ]
        requests.post(
            f"{self.url}/crm/v3/objects/contacts/batch/upsert",
            json={"inputs": inputs},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=10,
        ).raise_for_status()

    def add_secondary_email(self, primary: str, secondary: str) -> None:
        self._as_user("secondary-emails", primary=primary, secondary=secondary)

    def reset(self) -> None:
        """Forget contacts, requests and faults."""
        requests.post(f"{self.url}/_sandbox/reset", timeout=10).raise_for_status()

    def merge(self, primary: str, other: str) -> str:
        """Merge two contacts as a user does, and return the id of the record that this makes."""
        return str(self._as_user("merge", primary=primary, other=other).json()["id"])

    def edit(self, email: str, /, **properties: str) -> None:
        """Change a contact as a user does."""
        self._as_user("edit", email=email, properties=properties)

    def archive(self, *emails: str) -> None:
        """Archive contacts as a user does."""
        self._as_user("archive", emails=emails)

    def restore(self, email: str) -> None:
        """Take a contact out of the archive as a user does."""
        self._as_user("restore", email=email)

    def delete(self, email: str) -> None:
        """Delete a contact permanently."""
        self._as_user("delete", email=email)

    def _as_user(self, action: str, **wanted: Any) -> requests.Response:  # noqa: ANN401 - JSON
        answer = requests.post(f"{self.url}/_sandbox/{action}", json=wanted, timeout=10)
        answer.raise_for_status()
        return answer

    def settings(self, engine: Engine, **overrides: Any) -> Settings:  # noqa: ANN401 - the fields' own types
        """Return settings that point the pipeline here, with quick retries."""
        values = {
            "database_url": engine.url.render_as_string(hide_password=False),
            "hubspot_access_token": TOKEN,
            "hubspot_base_url": self.url,
            "retry_delay": 10,
        }
        return load_settings(**{**values, **overrides})


@contextmanager
def standing_in(
    folder: Path,
    *,
    calls: int = 2000,
    window_seconds: float = 1.0,
    latency: tuple[float, float] = (0.0, 0.0),
    extend: Extend = control_routes,
) -> Iterator[StandIn]:
    """Serve a stand-in that is quick unless asked otherwise.

    Args:
        folder: Where its contacts are kept.
        calls: Calls that any window takes.
        window_seconds: The rolling window's length.
        latency: Bounds of the seconds that an answer takes at least.
        extend: As for `hubspot_app`.
    """

    def extended(account: Account) -> Sequence[Route]:
        account.window = RollingWindow(calls, window_seconds)
        account.latency = latency
        return extend(account)

    app = hubspot_app(state=folder / "hubspot.db", token=TOKEN, portal_id=PORTAL, extend=extended)
    with serving(app) as url:
        yield StandIn(url)


@contextmanager
def standing_in_elsewhere(folder: Path, **options: Any) -> Iterator[StandIn]:  # noqa: ANN401 - those of `standing_in`
    """Serve a stand-in in a process of its own, so that its work takes no time or memory from ours."""
    ours, theirs = processes().Pipe()
    server = processes().Process(target=_serve, args=(theirs, folder, options))
    server.start()
    theirs.close()
    try:
        yield StandIn(ours.recv())
    finally:
        ours.close()
        server.join()


def _serve(control: Connection, folder: Path, options: dict[str, Any]) -> None:
    with standing_in(folder, **options) as stand_in, suppress(EOFError):
        control.send(stand_in.url)
        control.recv()
