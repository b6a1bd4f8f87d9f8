"""The stand-in for Kaggle as its tests use it: with faults and further pages, and a record of what it received."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from babynames_dagster.sandbox.kaggle import pages
from babynames_dagster.sandbox.kaggle.server import serving_kaggle
from babynames_dagster.sandbox.kaggle.site import ACCOUNT, DATASET_PATH, KaggleSite, is_right
from babynames_dagster.sandbox.kaggle.storage import DatasetFiles, DatasetStorage
from babynames_dagster_tests.support.stand_ins import kaggle_pages
from babynames_dagster_tests.support.stand_ins.kaggle_behaviour import Behaviour, Received, Record

CODE = "123456"
"""The account's code, where a second factor is asked for."""

_RETRY_AFTER = "1"


@dataclass
class Kaggle:
    """The stand-in while it is served.

    Attributes:
        url: Its address.
        environment: The variables that point the pipeline at it.
        behaviour: How it behaves.
        record: What it received.
        sessions: The cookies of who is signed in.
    """

    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)
    record: Record = field(default_factory=Record)
    sessions: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Sign everybody out, forget what was received, and behave well."""
        vars(self.behaviour).update(vars(Behaviour()))
        self.record.requests.clear()
        self.sessions.clear()


@contextmanager
def serving_changeable_kaggle(dataset: Path) -> Iterator[Kaggle]:
    """Serve a dataset as Kaggle does, in whatever form a test asks for."""
    kaggle = Kaggle()

    def make_site(files: DatasetFiles, storage_url: str) -> KaggleSite:
        return _Site(files, storage_url, kaggle)

    def make_storage(files: DatasetFiles) -> DatasetStorage:
        return _Storage(files, kaggle)

    with serving_kaggle(dataset, make_site=make_site, make_storage=make_storage) as served:
        kaggle.url, kaggle.environment = served.url, served.environment
        yield kaggle


class _Site(KaggleSite):
    def __init__(self, files: DatasetFiles, storage_url: str, kaggle: Kaggle) -> None:
        super().__init__(files, storage_url)
        self.sessions = kaggle.sessions
        self._behaviour = kaggle.behaviour
        self._record = kaggle.record

    @override
    def app(self) -> Starlette:
        app = super().app()
        app.router.routes += [
            Route("/account/twoFactor", self._two_factor),
            Route("/account/twoFactor", self._check_code, methods=["POST"]),
        ]
        app.add_middleware(_Recording, record=self._record)
        return app

    @override
    async def login(self, request: Request) -> Response:
        query = dict(request.query_params)
        if self._behaviour.provider_page and "chosen" not in query and not self.signed_in(request):
            form = urlencode({"phase": "emailSignIn", "returnUrl": query.get("returnUrl", "/"), "chosen": "1"})
            return self._shown(kaggle_pages.providers_page(f"/account/login?{form}"))
        response = await super().login(request)
        if not isinstance(response, HTMLResponse):
            return response
        return self._shown(self._typed(bytes(response.body).decode(), email=ACCOUNT.email, password=ACCOUNT.password))

    @override
    async def email_sign_in(self, request: Request) -> Response:
        await asyncio.sleep(self._behaviour.login_seconds)
        typed = await request.json()
        following = typed.get("returnUrl") or "/"
        if not is_right(typed) and self._behaviour.echoes_password:
            return JSONResponse({"errors": [f"That is incorrect. You typed {typed.get('password')}."]}, 400)
        if not is_right(typed) or self._behaviour.after_login == "in":
            return await super().email_sign_in(request)
        if self._behaviour.after_login == "captcha":
            return JSONResponse({"errors": ["Captcha verification is required."]}, 400)
        if self._behaviour.after_login == "two_factor":
            return JSONResponse({"next": "/account/twoFactor?" + urlencode({"returnUrl": following})})
        return JSONResponse({"next": following})

    async def _two_factor(self, request: Request) -> Response:
        page = kaggle_pages.two_factor_page(request.query_params.get("returnUrl", "/"))
        return self._shown(self._typed(page, code=CODE))

    async def _check_code(self, request: Request) -> Response:
        typed = await request.json()
        if typed.get("code") != CODE:
            return JSONResponse({"errors": ["The code is incorrect."]}, 400)
        response = JSONResponse({"next": typed.get("returnUrl") or "/"})
        self.open_session(response)
        return response

    @override
    async def dataset_page(self, request: Request) -> Response:
        signed_in = self.signed_in(request)
        if not signed_in and self._behaviour.signed_out == "redirect":
            return await super().dataset_page(request)
        obstacle = self._obstacle()
        if obstacle is not None:
            return obstacle
        name, download = self.files.name, self._behaviour.download
        return self._shown(kaggle_pages.dataset_page(name, DATASET_PATH, download, signed_in=signed_in))

    def _obstacle(self) -> Response | None:
        kind = self._behaviour.page
        if kind == "missing":
            return self._shown(pages.message_page("404", "We can't find that page."), 404)
        if kind == "error":
            return self._shown(pages.message_page("Something went wrong", "Try again later."), 503)
        if kind == "rate_limited":
            return self._shown(pages.message_page("Slow down", "Too many requests."), 429)
        if kind == "bot_check":
            return self._shown(kaggle_pages.bot_check_page(passes=False), 403)
        if kind == "bot_check_passes":
            self._behaviour.page = "found"
            return self._shown(kaggle_pages.bot_check_page(passes=True), 403)
        return None

    @override
    async def api(self, request: Request) -> Response:
        status = self._behaviour.api_status
        if self._behaviour.api_requires_login and "authorization" not in request.headers:
            return JSONResponse({"error": {"code": 403, "message": "Permission denied"}}, 403)
        if status == 401:
            return JSONResponse({"code": 401, "message": "Unauthorized"}, 401)
        if status != 200:
            said = {"error": {"code": status, "message": "Refused by the stand-in"}}
            return JSONResponse(said, status, headers={"Retry-After": _RETRY_AFTER} if status == 429 else None)
        return await super().api(request)

    def _typed(self, html: str, **typed: str) -> str:
        return kaggle_pages.filled_in(html, **typed) if self._behaviour.signs_itself_in else html

    def _shown(self, html: str, status: int = 200) -> Response:
        return HTMLResponse(html if self._behaviour.banner else kaggle_pages.without_banner(html), status)


class _Storage(DatasetStorage):
    def __init__(self, files: DatasetFiles, kaggle: Kaggle) -> None:
        super().__init__(files)
        self._behaviour = kaggle.behaviour
        self._record = kaggle.record

    @override
    def app(self) -> Starlette:
        app = super().app()
        app.add_middleware(_Recording, record=self._record, origin="storage")
        return app

    @override
    async def send(self, request: Request) -> Response:
        behaviour, ending = self._behaviour, self._behaviour.transfer
        if behaviour.broken_transfers is not None:
            ending = ending if behaviour.broken_transfers > 0 else "whole"
            behaviour.broken_transfers = max(0, behaviour.broken_transfers - 1)
        if ending == "refused":
            return JSONResponse({"error": "no"}, status_code=403)
        if not behaviour.ranges:
            kept = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
            request = Request({**request.scope, "headers": kept})
        response = await super().send(request)
        if not behaviour.ranges:
            del response.headers["accept-ranges"]
        if behaviour.md5 == "wrong":
            response.headers["x-goog-hash"] = "md5=AAAAAAAAAAAAAAAAAAAAAA=="
        elif behaviour.md5 == "none":
            del response.headers["x-goog-hash"]
        return response if ending == "whole" else _Half(response, ending)

    @override
    def content(self, name: str) -> tuple[bytes, str]:
        if self._behaviour.content == "html":
            return b"<!doctype html><title>Oops</title><h1>Something went wrong</h1>", name
        if self._behaviour.content == "csv" and name != "archive.zip":
            return self.files.csv, self.files.name
        return super().content(name)


class _Half(Response):
    """An answer that stops half-way: hanging, or cut off before what it announced."""

    def __init__(self, whole: Response, ending: Literal["truncated", "stalled"]) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
        self._ending = ending

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        while self._ending == "stalled":
            if (await receive())["type"] == "http.disconnect":
                return


class _Recording:
    """Notes each request."""

    def __init__(self, app: ASGIApp, *, record: Record, origin: Literal["site", "storage"] = "site") -> None:
        self._app = app
        self._record = record
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            self._record.requests.append(Received(self._origin, request.url.path, dict(request.headers)))
        await self._app(scope, receive, send)
