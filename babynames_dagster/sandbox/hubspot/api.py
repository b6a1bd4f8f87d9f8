"""A HubSpot-like contacts API on loopback, with the real service's inconvenient sides.

What belongs here: the routes, and a request's way through authentication, limits and latency. What does not: what a
call does (`batches.py`).
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from babynames_dagster.sandbox.hubspot import batches
from babynames_dagster.sandbox.hubspot.account import Account, LoggedRequest
from babynames_dagster.sandbox.hubspot.batches import Reply
from babynames_dagster.sandbox.hubspot.errors import error_body, rate_limit_body
from babynames_dagster.sandbox.hubspot.middleware import Call
from babynames_dagster.sandbox.hubspot.state import ContactStore, timestamp

_ACCOUNT = ("/account-info/{version}/details",)
_PROPERTIES = ("/crm/v3/properties/contacts", "/crm/properties/{version}/contacts")
CONTACTS = ("/crm/v3/objects/contacts", "/crm/objects/{version}/contacts")
_READ, WRITE, _SCHEMAS = "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"
_PAGE_DEFAULT, _PAGE_MOST = 10, 100

_Action = Callable[[Account, Mapping[str, Any], str], Reply]


Extend = Callable[[Account], Sequence[Route]]
"""What makes more of the stand-in than the API, such as controls for tests."""


def nothing_more(_: Account) -> Sequence[Route]:
    """Extend the stand-in by nothing."""
    return ()


def hubspot_app(*, state: Path, token: str, portal_id: int, extend: Extend = nothing_more) -> Starlette:
    """Return the API of one account.

    Args:
        state: The file that keeps the contacts; made where it is missing.
        token: The private app's token.
        portal_id: The account's number.
        extend: Is given the account, may change it, and returns further routes.
    """
    account = Account(ContactStore(state), token, portal_id)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        account.store.close()

    routes = [
        *routes_of(account, "GET", _ACCOUNT, None, _details),
        *routes_of(account, "GET", _PROPERTIES, _SCHEMAS, _properties),
        *routes_of(account, "GET", CONTACTS, _READ, _list),
        *routes_of(account, "POST", _batch("upsert"), WRITE, batches.upsert),
        *routes_of(account, "POST", _batch("create"), WRITE, batches.create),
        *routes_of(account, "POST", _batch("update"), WRITE, batches.update),
        *routes_of(account, "POST", _batch("read"), _READ, batches.read),
        *routes_of(account, "POST", _batch("archive"), WRITE, batches.archive),
    ]
    return Starlette(routes=[*routes, *extend(account)], lifespan=lifespan)


def _batch(action: str) -> tuple[str, ...]:
    return tuple(f"{path}/batch/{action}" for path in CONTACTS)


def routes_of(
    account: Account, method: str, paths: Sequence[str], scope: str | None, action: _Action
) -> Iterator[Route]:
    """Yield the routes of one call: its numbered and its dated path."""
    yield from (_route(account, method, path, scope, action) for path in paths)


def _route(account: Account, method: str, path: str, scope: str | None, action: _Action) -> Route:
    async def endpoint(request: Request) -> Response:
        entry = account.receive(method, request.url.path)
        correlation_id = str(uuid.uuid4())
        account.under_way += 1
        account.most_under_way = max(account.most_under_way, account.under_way)
        try:
            response = _gone(account, request, correlation_id) or _turned_away(account, request, correlation_id)
            if response is None:
                response = await _served(account, request, entry, scope, action, correlation_id)
        finally:
            account.under_way -= 1
        entry.status, entry.answered = response.status_code, time.monotonic()
        limits = account.window.headers().items()
        response.headers.update({name: value for name, value in limits if name not in account.hidden_headers})
        response.headers["X-HubSpot-Correlation-Id"] = correlation_id
        return response

    return Route(path, endpoint, methods=[method])


def _gone(account: Account, request: Request, correlation_id: str) -> Response | None:
    """Return the answer to a call of a version that is not served."""
    version = request.path_params.get("version", "v3")
    if version in account.versions:
        return None
    return JSONResponse(error_body("This API version is no longer available.", "GONE", correlation_id), 410)


def _turned_away(account: Account, request: Request, correlation_id: str) -> Response | None:
    """Return the answer to who may not call, or not now; such calls don't count."""
    if request.headers.get("Authorization") != f"Bearer {account.token}":
        message = (
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
            "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
        )
        return JSONResponse(error_body(message, "INVALID_AUTHENTICATION", correlation_id), 401)
    if account.expired:
        message = "The OAuth token used to make this call expired 7 second(s) ago."
        return JSONResponse(error_body(message, "EXPIRED_AUTHENTICATION", correlation_id), 401)
    if account.window.used_up_for_today:
        return JSONResponse(rate_limit_body("DAILY", correlation_id), 429)
    if not account.window.enter():
        return JSONResponse(rate_limit_body("TEN_SECONDLY_ROLLING", correlation_id), 429)
    return None


async def _served(  # noqa: PLR0913, PLR0917 - one request's circumstances
    account: Account,
    request: Request,
    entry: LoggedRequest,
    scope: str | None,
    action: _Action,
    correlation_id: str,
) -> Response:
    began = timestamp()
    body = await _body(request)
    inputs = body.get("inputs")
    entry.inputs = len(inputs) if isinstance(inputs, list) else 0
    await asyncio.sleep(account.half_latency())
    call = Call(request, entry.number, _emails(account, inputs), correlation_id)
    middleware = account.middleware_for(call)
    refusal = await middleware.before(call)
    if refusal is not None:
        return refusal
    if scope is not None and scope not in account.scopes:
        return JSONResponse(_missing_scope(scope, correlation_id), 403)
    status, answer = action(account, body, correlation_id)
    if answer is not None and "startedAt" in answer:
        answer["startedAt"] = began
    await asyncio.sleep(account.half_latency())
    if answer is None:
        return Response(status_code=status)
    return middleware.after(call, status, answer)


async def _body(request: Request) -> dict[str, Any]:
    """Return a request's JSON object together with the parameters of its query and path."""
    query = {**request.path_params, **request.query_params}
    if request.method == "GET":
        return query
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {"inputs": "not JSON"}
    return {**query, **body} if isinstance(body, dict) else {"inputs": "not an object"}


def _emails(account: Account, inputs: object) -> list[str]:
    """Return the emails of a batch's contacts: those that it names, and those of the records that it names."""
    items = [item for item in (inputs if isinstance(inputs, list) else []) if isinstance(item, dict)]
    properties = [item["properties"] for item in items if isinstance(item.get("properties"), dict)]
    named = [str(item["id"]) for item in items if "id" in item]
    records = (account.store.get(int(key)) for key in named if key.isdecimal())
    held = [record.properties["email"] for record in records if record is not None]
    return [*named, *held, *(str(given.get("email")) for given in properties)]


def _missing_scope(scope: str, correlation_id: str) -> dict[str, Any]:
    message = "One or more of the following scopes are required."
    errors = [{"message": message, "context": {"requiredGranularScopes": [scope]}}]
    text = "This app hasn't been granted all required scopes to make this call. Read more about required scopes here."
    return error_body(text, "MISSING_SCOPES", correlation_id, errors=errors)


def _details(account: Account, _: Mapping[str, Any], __: str) -> Reply:
    return 200, {
        "portalId": account.portal_id,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def _properties(account: Account, _: Mapping[str, Any], __: str) -> Reply:
    return 200, {"results": list(account.properties.values())}


def _list(account: Account, query: Mapping[str, Any], correlation_id: str) -> Reply:
    limit, after = str(query.get("limit", _PAGE_DEFAULT)), str(query.get("after", "0"))
    if not limit.isdecimal() or not after.isdecimal() or not 0 < int(limit) <= _PAGE_MOST:
        return 400, error_body(f"limit must be from 1 to {_PAGE_MOST}.", "VALIDATION_ERROR", correlation_id)
    page = account.store.page(after=int(after), limit=int(limit))
    answer: dict[str, Any] = {"results": [contact.as_json() for contact in page]}
    if len(page) == int(limit):
        answer["paging"] = {"next": {"after": str(page[-1].contact_id)}}
    return 200, answer
