"""What tests ask of the stand-in for HubSpot under `/_sandbox/`, without a token: faults, limits, rights, its log."""

import dataclasses
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from babynames_dagster.sandbox.hubspot.account import Account
from babynames_dagster.sandbox.hubspot.rules import property_definition
from babynames_dagster_tests.support.stand_ins import hubspot_contacts
from babynames_dagster_tests.support.stand_ins.hubspot_faults import Fault, Faults
from babynames_dagster_tests.support.stand_ins.hubspot_singles import single_routes
from babynames_dagster_tests.support.stand_ins.hubspot_users import user_routes

_PAGE_MOST = 10_000


def control_routes(account: Account) -> list[Route]:
    """Let an account have faults, and return the routes that change and show it: `extend` of the stand-in.

    - `GET /_sandbox/contacts?after=ID&limit=N&archived=true`: contacts by id.
    - `GET /_sandbox/requests`: the newest requests.
    - `GET /_sandbox/stats`: counts; `shortest_gap` above the window's length shows that the limit was never met.
    - `PUT /_sandbox/faults`: a list of faults (`Fault.from_json`) in place of the ones before.
    - `PATCH /_sandbox/account`: any of `scopes`, `versions`, `expired`, `calls`, `window_seconds`, `daily_calls`,
      `daily_used` (0 starts a new day), `hidden_headers`, `latency`, `portal_id`, `options` (of properties, by name;
      null removes one), `rewrites` (of values, by property: `strip`, `title`, `upper`, `nfd`, or a text that replaces
      any value).
    - `POST /_sandbox/...`: what users do in the account (`hubspot_users.py`).
    - `POST /_sandbox/reset`: forgets contacts, requests and faults.
    """
    faults = Faults(account.chance)
    account.middleware_for = faults.middleware_for

    async def contacts(request: Request) -> Response:
        query = request.query_params
        page = account.store.page(
            after=int(query.get("after", "0")),
            limit=min(_PAGE_MOST, int(query.get("limit", str(_PAGE_MOST)))),
            archived=query.get("archived") == "true",
        )
        return JSONResponse([contact.as_json() for contact in page])

    async def requests(_: Request) -> Response:
        return JSONResponse([dataclasses.asdict(entry) for entry in account.log])

    async def stats(_: Request) -> Response:
        return JSONResponse(
            {
                "requests": account.received,
                "refused": account.window.refused,
                "shortest_gap": account.window.shortest_gap,
                "daily_used": account.window.daily_used,
                "most_under_way": account.most_under_way,
                "contacts": hubspot_contacts.count(account.store),
            }
        )

    async def set_faults(request: Request) -> Response:
        faults.wanted = [Fault.from_json(wanted) for wanted in await request.json()]
        return Response(status_code=204)

    async def change(request: Request) -> Response:
        for name, value in (await request.json()).items():
            _CHANGES[name](account, value)
        return Response(status_code=204)

    async def reset(_: Request) -> Response:
        hubspot_contacts.clear(account.store)
        account.log.clear()
        faults.wanted = []
        account.received = account.most_under_way = account.window.refused = account.window.daily_used = 0
        account.window.shortest_gap = None
        return Response(status_code=204)

    return [
        Route("/_sandbox/contacts", contacts, methods=["GET"]),
        Route("/_sandbox/requests", requests, methods=["GET"]),
        Route("/_sandbox/stats", stats, methods=["GET"]),
        Route("/_sandbox/faults", set_faults, methods=["PUT"]),
        Route("/_sandbox/account", change, methods=["PATCH"]),
        *user_routes(account),
        *single_routes(account),
        Route("/_sandbox/reset", reset, methods=["POST"]),
    ]


def _set_scopes(account: Account, value: list[str]) -> None:
    account.scopes = frozenset(value)


def _set_versions(account: Account, value: list[str]) -> None:
    account.versions = frozenset(value)


def _set_expired(account: Account, value: bool) -> None:  # noqa: FBT001 - a JSON value
    account.expired = value


def _set_calls(account: Account, value: int) -> None:
    account.window.calls = value


def _set_window_seconds(account: Account, value: float) -> None:
    account.window.seconds = value


def _set_daily_calls(account: Account, value: int) -> None:
    account.window.daily = value


def _set_daily_used(account: Account, value: int) -> None:
    account.window.daily_used = value


def _set_hidden_headers(account: Account, value: list[str]) -> None:
    account.hidden_headers = frozenset(value)


def _set_latency(account: Account, value: tuple[float, float]) -> None:
    account.latency = (value[0], value[1])


def _set_portal_id(account: Account, value: int) -> None:
    account.portal_id = value


def _set_options(account: Account, value: dict[str, list[str] | None]) -> None:
    for name, options in value.items():
        if options is None:
            account.properties.pop(name, None)
        else:
            account.properties[name] = property_definition(name, options=tuple(options))


def _set_rewrites(account: Account, value: dict[str, str]) -> None:
    account.rewrites = dict(value)


_CHANGES: dict[str, Callable[[Account, Any], None]] = {
    "scopes": _set_scopes,
    "versions": _set_versions,
    "expired": _set_expired,
    "calls": _set_calls,
    "window_seconds": _set_window_seconds,
    "daily_calls": _set_daily_calls,
    "daily_used": _set_daily_used,
    "hidden_headers": _set_hidden_headers,
    "latency": _set_latency,
    "portal_id": _set_portal_id,
    "options": _set_options,
    "rewrites": _set_rewrites,
}
