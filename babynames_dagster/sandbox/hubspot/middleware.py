"""What may stand between a request and the stand-in's account: nothing here; faults, where tests serve it."""

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


class Middleware:
    """What does nothing on a request's way to the account and back; others may take its place."""

    async def before(self, _: Call) -> Response | None:
        """Return what is answered in place of the API; None to let the request through."""
        return None

    def after(self, _: Call, status: int, answer: dict[str, Any]) -> Response:
        """Return the API's own answer."""
        return JSONResponse(answer, status)


def no_middleware(_: Call) -> Middleware:
    """Return what lets a request pass."""
    return Middleware()
