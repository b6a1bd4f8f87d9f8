"""The storage that downloads are redirected to: a second origin, which must never see a credential.

What belongs here: sending files, whole or broken. What does not: who may have them (`site.py`).
"""

import base64
import hashlib
import io
import re
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from babynames_dagster.sandbox.kaggle.behaviour import Behaviour, Received, Record

_BLOCK = 1 << 16


class DatasetFiles:
    """The dataset's file in the shapes that Kaggle sends it in."""

    def __init__(self, source: Path, *, name: str) -> None:
        """Serve a file.

        Args:
            source: A zip or a CSV.
            name: The name of the CSV, as the site shows it.
        """
        self._source = source
        self.name = name

    @cached_property
    def zip(self) -> bytes:
        """The zip: the source itself where it is one."""
        content = self._source.read_bytes()
        return content if zipfile.is_zipfile(self._source) else _zipped({self.name: content})

    @cached_property
    def csv(self) -> bytes:
        """The plain CSV."""
        with zipfile.ZipFile(io.BytesIO(self.zip)) as archive:
            return archive.read(max(archive.infolist(), key=lambda member: member.file_size))

    @cached_property
    def archive(self) -> bytes:
        """The whole dataset's zip: ours among other files."""
        return _zipped({"README.md": b"# US baby names\n", "other/summary.csv": b"Year,Births\n", self.name: self.csv})

    @cached_property
    def etag(self) -> str:
        """The version of the source."""
        return f'"{hashlib.sha256(self.zip).hexdigest()[:16]}"'


def storage_app(files: DatasetFiles, behaviour: Behaviour, record: Record) -> Starlette:
    """Return the storage.

    Args:
        files: What it holds.
        behaviour: How it sends.
        record: Where each request is noted.
    """

    async def send(request: Request) -> Response:
        record.requests.append(Received("storage", request.url.path, dict(request.headers)))
        if "X-Goog-Signature" not in request.query_params:
            return JSONResponse({"error": "unsigned"}, status_code=403)
        ending = behaviour.transfer
        if behaviour.broken_transfers is not None:
            ending = ending if behaviour.broken_transfers > 0 else "whole"
            behaviour.broken_transfers = max(0, behaviour.broken_transfers - 1)
        if ending == "refused":
            return JSONResponse({"error": "no"}, status_code=403)
        name = request.path_params["name"]
        content, name = _content(files, name, behaviour.content)
        start = _start(request, len(content), files.etag) if behaviour.ranges else 0
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(len(content) - start),
            "etag": files.etag,
        }
        if behaviour.ranges:
            headers["accept-ranges"] = "bytes"
        if behaviour.md5 != "none":
            hashed = content if behaviour.md5 == "right" else b"something else"
            digest = base64.b64encode(hashlib.md5(hashed, usedforsecurity=False).digest()).decode()
            headers["x-goog-hash"] = f"crc32c=AAAAAA==,md5={digest}"
        if start:
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return _Transfer(content[start:], headers, status=206 if start else 200, ending=ending)

    return Starlette(routes=[Route("/files/{name}", send)])


class _Transfer(Response):
    """An answer that may stop half-way: hanging, or cut off before what it announced."""

    def __init__(
        self, content: bytes, headers: dict[str, str], *, status: int, ending: Literal["whole", "truncated", "stalled"]
    ) -> None:
        super().__init__(status_code=status, headers=headers, media_type="application/zip")
        self._content = content
        self._ending = ending

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sent = self._content if self._ending == "whole" else self._content[: len(self._content) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(0, len(sent), _BLOCK):
            await send({"type": "http.response.body", "body": sent[start : start + _BLOCK], "more_body": True})
        while self._ending == "stalled":
            if (await receive())["type"] == "http.disconnect":
                return
        if self._ending == "whole":
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _content(files: DatasetFiles, name: str, kind: Literal["zip", "csv", "html"]) -> tuple[bytes, str]:
    if kind == "html":
        return b"<!doctype html><title>Oops</title><h1>Something went wrong</h1>", name
    if name == "archive.zip":
        return files.archive, name
    return (files.zip, f"{files.name}.zip") if kind == "zip" else (files.csv, files.name)


def _start(request: Request, size: int, etag: str) -> int:
    """Return the first byte that is asked for (RFC 9110, sections 13.1.5 and 14.2), 0 for the whole file."""
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", etag) != etag:
        return 0
    start = int(asked.group(1))
    return start if start < size else 0


def _zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
