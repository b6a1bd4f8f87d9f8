"""A request's way to the stand-in's account and back, where what serves the stand-in may put something in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


@dataclass(frozen=True)
class Call:
    """A request that was let in.

    Attributes:
        request: The request.
        number: Its number, from 1, over all requests of the API.
        emails: What its batch names contacts by, and the emails of the records among them.
        correlation_id: HubSpot's id of the call.
    """

    request: Request
    number: int
    emails: Sequence[str]
    correlation_id: str


class Passage:
    """A request's way to the account and back, with nothing in between; others may take its place."""

    async def before(self, _: Call) -> Response | None:
        """Return what is answered in place of the API; None to let the request through."""
        return None

    def after(self, _: Call, status: int, answer: dict[str, Any]) -> Response:
        """Return the API's own answer."""
        return JSONResponse(answer, status)


def undisturbed(_: Call) -> Passage:
    """Return the way of a request that nothing comes between."""
    return Passage()
