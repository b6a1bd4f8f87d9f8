"""An incoming webhook on loopback, and what it was sent."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from babynames_dagster.sandbox.serving import serving


@contextmanager
def webhook(status: int = 200, location: str = "") -> Iterator[tuple[str, list[bytes]]]:
    """Serve an incoming webhook that keeps the bodies it is sent."""
    bodies: list[bytes] = []

    async def hook(request: Request) -> Response:
        bodies.append(await request.body())
        return Response(status_code=status, headers={"location": location} if location else None)

    with serving(Starlette(routes=[Route("/hook/T0P-S3CRET", hook, methods=["GET", "POST"])])) as address:
        yield f"{address}/hook/T0P-S3CRET", bodies
