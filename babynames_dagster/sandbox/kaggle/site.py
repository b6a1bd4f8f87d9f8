"""A Kaggle-like site: login, dataset page, download, and the REST download API.

What belongs here: what is answered to whom. What does not: HTML (`pages.py`), file transfers
(`storage.py`) and the choice of variants (`behaviour.py`).
"""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from babynames_dagster.sandbox.kaggle import pages
from babynames_dagster.sandbox.kaggle.behaviour import Behaviour, Received, Record
from babynames_dagster.sandbox.kaggle.storage import DatasetFiles

_COOKIE = "CLIENT-TOKEN"
_MEBIBYTE = 1 << 20
_DAY = 86_400
_RETRY_AFTER = "1"


@dataclass(frozen=True)
class Account:
    """The one account that the site knows.

    Attributes:
        email: For the login form.
        password: For the login form.
        code: For the second factor.
        username: For the REST API, with `key`.
        key: For the REST API, with `username`.
        token: For the REST API, alone.
    """

    email: str
    password: str
    code: str
    username: str
    key: str
    token: str


class KaggleSite:
    """The site's state: its sessions, its behaviour and what it received."""

    def __init__(  # noqa: PLR0913 - each is one plain thing, given by name
        self,
        files: DatasetFiles,
        account: Account,
        *,
        dataset: str,
        storage_url: str,
        behaviour: Behaviour,
        record: Record,
    ) -> None:
        """Set the site up.

        Args:
            files: The dataset.
            account: Who may sign in.
            dataset: `owner/name`.
            storage_url: Where downloads are redirected to; another origin.
            behaviour: How the site behaves.
            record: Where each request is noted.
        """
        self.behaviour = behaviour
        self.record = record
        self._files = files
        self._account = account
        self._dataset = dataset
        self._storage_url = storage_url
        self.sessions: set[str] = set()

    def expire_sessions(self) -> None:
        """Sign everybody out."""
        self.sessions.clear()

    def app(self) -> Starlette:
        """Return the application to serve."""
        dataset = f"/datasets/{self._dataset}"
        api = f"/api/v1/datasets/download/{self._dataset}"
        return Starlette(
            routes=[
                Route("/", self._home),
                Route("/account/login", self._login),
                Route("/account/twoFactor", self._two_factor),
                Route("/account/twoFactor", self._check_code, methods=["POST"]),
                Route("/api/i/users.LegacyUsersService/EmailSignIn", self._email_sign_in, methods=["POST"]),
                Route(dataset, self._dataset_page),
                Route(f"{dataset}/download", self._download),
                Route(api, self._api),
                Route(f"{api}/{{file}}", self._api),
            ],
            middleware=[Middleware(_Recording, record=self.record)],
            exception_handlers={404: self._no_such_page},
        )

    def _signed_in(self, request: Request) -> bool:
        return request.cookies.get(_COOKIE) in self.sessions

    def _open_session(self, response: Response) -> None:
        session = secrets.token_urlsafe(24)
        self.sessions.add(session)
        response.set_cookie(_COOKIE, session, max_age=_DAY, httponly=True, samesite="lax")

    async def _home(self, _: Request) -> Response:
        text = "You are signed in to a stand-in for Kaggle."
        return HTMLResponse(pages.message_page("Welcome", text, self.behaviour))

    async def _login(self, request: Request) -> Response:
        return_url = request.query_params.get("returnUrl", "/")
        if self._signed_in(request):
            return RedirectResponse(return_url, 302)
        if self.behaviour.provider_page and "chosen" not in request.query_params:
            form = "/account/login?" + urlencode({"phase": "emailSignIn", "returnUrl": return_url, "chosen": "1"})
            return HTMLResponse(pages.providers_page(form, self.behaviour))
        hands = (self._account.email, self._account.password) if self.behaviour.signs_itself_in else None
        return HTMLResponse(pages.login_page(return_url, self.behaviour, hands=hands))

    async def _email_sign_in(self, request: Request) -> Response:
        typed = await request.json()
        await asyncio.sleep(self.behaviour.login_seconds)
        if (typed.get("email"), typed.get("password")) != (self._account.email, self._account.password):
            heard = f" You typed {typed.get('password')}." if self.behaviour.echoes_password else ""
            return JSONResponse({"errors": [f"The email or password provided is incorrect.{heard}"]}, 400)
        if self.behaviour.after_login == "captcha":
            return JSONResponse({"errors": ["Captcha verification is required."]}, 400)
        if self.behaviour.after_login == "two_factor":
            return JSONResponse(
                {"next": "/account/twoFactor?" + urlencode({"returnUrl": typed.get("returnUrl") or "/"})}
            )
        response = JSONResponse({"next": typed.get("returnUrl") or "/"})
        if self.behaviour.after_login != "forgotten":
            self._open_session(response)
        return response

    async def _two_factor(self, request: Request) -> Response:
        return_url = request.query_params.get("returnUrl", "/")
        hands = self._account.code if self.behaviour.signs_itself_in else None
        return HTMLResponse(pages.two_factor_page(return_url, self.behaviour, hands=hands))

    async def _check_code(self, request: Request) -> Response:
        typed = await request.json()
        if typed.get("code") != self._account.code:
            return JSONResponse({"errors": ["The code is incorrect."]}, 400)
        response = JSONResponse({"next": typed.get("returnUrl") or "/"})
        self._open_session(response)
        return response

    async def _dataset_page(self, request: Request) -> Response:
        signed_in = self._signed_in(request)
        if not signed_in and self.behaviour.signed_out == "redirect":
            return self._to_login(request)
        special = self._special_page()
        if special is not None:
            return special
        address, size = f"/datasets/{self._dataset}", len(self._files.zip) / _MEBIBYTE
        page = pages.dataset_page(self._files.name, address, size, self.behaviour, signed_in=signed_in)
        return HTMLResponse(page)

    def _special_page(self) -> Response | None:
        kind, behaviour = self.behaviour.page, self.behaviour
        if kind == "missing":
            return HTMLResponse(pages.message_page("404", "We can't find that page.", behaviour), 404)
        if kind == "error":
            return HTMLResponse(pages.message_page("Something went wrong", "Try again later.", behaviour), 503)
        if kind == "rate_limited":
            return HTMLResponse(pages.message_page("Slow down", "Too many requests.", behaviour), 429)
        if kind == "bot_check":
            return HTMLResponse(pages.bot_check_page(behaviour, passes=False), 403)
        if kind == "bot_check_passes":
            behaviour.page = "found"
            return HTMLResponse(pages.bot_check_page(behaviour, passes=True), 403)
        return None

    async def _download(self, request: Request) -> Response:
        if not self._signed_in(request):
            return self._to_login(request)
        return self._to_storage("archive.zip" if "file" not in request.query_params else f"{self._files.name}.zip")

    async def _api(self, request: Request) -> Response:
        known = self._knows(request.headers.get("authorization"))
        status = 401 if known is False else self.behaviour.api_status
        if known is None and self.behaviour.api_requires_login:
            return JSONResponse({"error": {"code": 403, "message": "Permission denied"}}, 403)
        if status == 401:  # noqa: PLR2004 - the status itself
            return JSONResponse({"code": 401, "message": "Unauthorized"}, 401)
        if status != 200:  # noqa: PLR2004 - the status itself
            said = {"error": {"code": status, "message": "Refused by the stand-in"}}
            return JSONResponse(said, status, headers={"Retry-After": _RETRY_AFTER} if status == 429 else None)  # noqa: PLR2004
        name = request.path_params.get("file")
        if name not in {None, self._files.name}:
            return JSONResponse({"error": {"code": 404, "message": "No such file"}}, 404)
        return self._to_storage(f"{name}.zip" if name else "archive.zip")

    def _knows(self, authorization: str | None) -> bool | None:
        """Return whether credentials are right; None where there are none."""
        if authorization is None:
            return None
        account = self._account
        basic = base64.b64encode(f"{account.username}:{account.key}".encode()).decode()
        return authorization in {f"Basic {basic}", f"Bearer {account.token}"}

    def _to_login(self, request: Request) -> Response:
        return RedirectResponse(f"/account/login?returnUrl={quote(str(request.url.path), safe='')}", 302)

    def _to_storage(self, name: str) -> Response:
        signature = secrets.token_hex(16)
        return RedirectResponse(f"{self._storage_url}/files/{quote(name)}?X-Goog-Signature={signature}", 302)

    async def _no_such_page(self, _request: Request, _error: Exception) -> Response:
        return HTMLResponse(pages.message_page("404", "We can't find that page.", self.behaviour), 404)


class _Recording:
    """Notes each request to the site."""

    def __init__(self, app: ASGIApp, *, record: Record) -> None:
        self._app = app
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            self._record.requests.append(Received("site", request.url.path, dict(request.headers)))
        await self._app(scope, receive, send)
