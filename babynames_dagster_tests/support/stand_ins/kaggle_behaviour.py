"""How the Kaggle-like site behaves, in each form that Kaggle was seen to have, and what it received.

What belongs here: the choices. What does not: carrying them out (`kaggle.py`).
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Behaviour:
    """The site's behaviour from now on; every field may be changed while it is served.

    Attributes:
        provider_page: Whether a page that offers Google, Email, ... comes before the email form.
        banner: Whether a cookie banner covers the foot of every page.
        signs_itself_in: Whether the pages of the login submit themselves, as if a person sat there.
        login_seconds: How long the site thinks about a login.
        after_login: What follows right credentials; a forgotten login succeeds, but leaves no session.
        echoes_password: Whether a refusal repeats what was typed, as careless sites do.
        signed_out: What who is not signed in meets on the dataset's page: the login page, or a dialog on download.
        page: What the dataset's page is.
        download: Which control starts a download: the file's own, the header's menu, the header's button at once, a
            button that does nothing, or none that is known.
        content: What is sent for the file: its zip, the plain CSV, or a web page.
        transfer: How a transfer goes.
        broken_transfers: How many transfers go that way before the next is whole; None means all.
        api_status: The status of the REST API's answers; 200 is a redirect to the storage.
        api_requires_login: Whether the REST API refuses those who do not say who they are.
        ranges: Whether the storage resumes.
        md5: What the storage says about the file's MD5.
    """

    provider_page: bool = False
    banner: bool = True
    signs_itself_in: bool = False
    login_seconds: float = 0.0
    after_login: Literal["in", "two_factor", "captcha", "forgotten"] = "in"
    echoes_password: bool = False
    signed_out: Literal["redirect", "dialog"] = "redirect"
    page: Literal["found", "missing", "error", "bot_check", "bot_check_passes", "rate_limited"] = "found"
    download: Literal["file", "menu", "direct", "dead", "unknown"] = "file"
    content: Literal["zip", "csv", "html"] = "zip"
    transfer: Literal["whole", "truncated", "stalled", "refused"] = "whole"
    broken_transfers: int | None = None
    api_status: Literal[200, 401, 403, 404, 429, 500] = 200
    api_requires_login: bool = False
    ranges: bool = True
    md5: Literal["right", "wrong", "none"] = "right"


@dataclass(frozen=True)
class Received:
    """One request, as it came.

    Attributes:
        origin: Which of the two servers got it.
        path: Its path, without the query.
        headers: Its headers, by lower-case name.
    """

    origin: Literal["site", "storage"]
    path: str
    headers: dict[str, str]


@dataclass
class Record:
    """What the site and its storage received so far."""

    requests: list[Received] = field(default_factory=list)

    def paths(self, origin: Literal["site", "storage"]) -> list[str]:
        """Return the paths that one of the two was asked for, in order."""
        return [request.path for request in self.requests if request.origin == origin]
