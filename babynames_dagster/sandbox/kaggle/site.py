"""A Kaggle-like site: login, dataset page, download, and the REST download API.

What belongs here: what is answered to whom. What does not: HTML (`pages.py`), file transfers (`storage.py`), and what
tests make of the site: other pages, faults, a record of what it received.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from babynames_dagster.sandbox.kaggle import pages
from babynames_dagster.sandbox.kaggle.storage import DatasetFiles

_COOKIE = "CLIENT-TOKEN"
_MEBIBYTE = 1 << 20
_DAY = 86_400

DATASET = "thedevastator/us-baby-names-by-year-of-birth"
DATASET_PATH = f"/datasets/{DATASET}"


@dataclass(frozen=True)
class Account:
    """The one account that the site knows.

    Attributes:
        email: For the login form.
        password: For the login form.
        username: For the REST API, with `key`.
        key: For the REST API, with `username`.
        token: For the REST API, alone.
    """

    email: str
    password: str
    username: str
    key: str
    token: str


ACCOUNT = Account(
    email="somebody@example.com",
    password="made-up-kaggle-password",  # noqa: S106 - opens nothing but this stand-in
    username="somebody",
    key="0123456789abcdef0123456789abcdef",
    token="KGAT_made_up_token",  # noqa: S106 - opens nothing but this stand-in
)


class KaggleSite:
    """The site. Each method without an underscore may be overridden by a site that answers otherwise."""

    def __init__(self, files: DatasetFiles, storage_url: str) -> None:
        """Set the site up.

        Args:
            files: The dataset.
            storage_url: Where downloads are redirected to; another origin.
        """
        self.files = files
        self.sessions: set[str] = set()
        self._storage_url = storage_url

    def app(self) -> Starlette:
        """Return the application to serve."""
        api = f"/api/v1/datasets/download/{DATASET}"
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/account/login", self.login),
                Route("/api/i/users.LegacyUsersService/EmailSignIn", self.email_sign_in, methods=["POST"]),
                Route(DATASET_PATH, self.dataset_page),
                Route(f"{DATASET_PATH}/download", self.download),
                Route(api, self.api),
                Route(f"{api}/{{file}}", self.api),
            ],
            exception_handlers={404: _no_such_page},
        )

    async def home(self, _: Request) -> Response:
        """Answer the start page."""
        return HTMLResponse(pages.message_page("Welcome", "You are signed in to a stand-in for Kaggle."))

    async def login(self, request: Request) -> Response:
        """Answer the login page."""
        return_url = request.query_params.get("returnUrl", "/")
        if self.signed_in(request):
            return RedirectResponse(return_url, 302)
        return HTMLResponse(pages.login_page(return_url))

    async def email_sign_in(self, request: Request) -> Response:
        """Answer the login page's form."""
        typed = await request.json()
        if not is_right(typed):
            return JSONResponse({"errors": ["The email or password provided is incorrect."]}, 400)
        response = JSONResponse({"next": typed.get("returnUrl") or "/"})
        self.open_session(response)
        return response

    async def dataset_page(self, request: Request) -> Response:
        """Answer the dataset's page."""
        if not self.signed_in(request):
            return _to_login(request)
        header = pages.download_menu(
            f"location.assign('{DATASET_PATH}/download')", megabytes=len(self.files.zip) / _MEBIBYTE
        )
        control = pages.file_control(f"location.assign('{DATASET_PATH}/download?file={quote(self.files.name)}')")
        return HTMLResponse(pages.dataset_page(self.files.name, header=header, control=control))

    async def download(self, request: Request) -> Response:
        """Answer a download of the browser."""
        if not self.signed_in(request):
            return _to_login(request)
        return self._to_storage("archive.zip" if "file" not in request.query_params else f"{self.files.name}.zip")

    async def api(self, request: Request) -> Response:
        """Answer a download of the REST API."""
        if _knows(request.headers.get("authorization")) is False:
            return JSONResponse({"code": 401, "message": "Unauthorized"}, 401)
        name = request.path_params.get("file")
        if name not in {None, self.files.name}:
            return JSONResponse({"error": {"code": 404, "message": "No such file"}}, 404)
        return self._to_storage(f"{name}.zip" if name else "archive.zip")

    def signed_in(self, request: Request) -> bool:
        """Return whether a request comes from who is signed in."""
        return request.cookies.get(_COOKIE) in self.sessions

    def open_session(self, response: Response) -> None:
        """Sign in the browser that gets this answer."""
        session = secrets.token_urlsafe(24)
        self.sessions.add(session)
        response.set_cookie(_COOKIE, session, max_age=_DAY, httponly=True, samesite="lax")

    def _to_storage(self, name: str) -> Response:
        signature = secrets.token_hex(16)
        return RedirectResponse(f"{self._storage_url}/files/{quote(name)}?X-Goog-Signature={signature}", 302)


def is_right(typed: Mapping[str, Any]) -> bool:
    """Return whether what was typed into the login form are the account's credentials."""
    return (typed.get("email"), typed.get("password")) == (ACCOUNT.email, ACCOUNT.password)


def _knows(authorization: str | None) -> bool | None:
    """Return whether credentials are right; None where there are none, which public datasets do not ask for."""
    if authorization is None:
        return None
    basic = base64.b64encode(f"{ACCOUNT.username}:{ACCOUNT.key}".encode()).decode()
    return authorization in {f"Basic {basic}", f"Bearer {ACCOUNT.token}"}


def _to_login(request: Request) -> Response:
    return RedirectResponse(f"/account/login?returnUrl={quote(str(request.url.path), safe='')}", 302)


async def _no_such_page(_request: Request, _error: Exception) -> Response:
    return HTMLResponse(pages.message_page("404", "We can't find that page."), 404)
