"""The storage that downloads are redirected to: a second origin, which must never see a credential.

What belongs here: sending files. What does not: who may have them (`site.py`).
"""

import base64
import hashlib
import io
import re
import zipfile
from functools import cached_property
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


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


class DatasetStorage:
    """The storage. Each method without an underscore may be overridden by a storage that sends otherwise."""

    def __init__(self, files: DatasetFiles) -> None:
        """Hold files."""
        self.files = files

    def app(self) -> Starlette:
        """Return the application to serve."""
        return Starlette(routes=[Route("/files/{name}", self.send)])

    async def send(self, request: Request) -> Response:
        """Send a file, or the rest of it."""
        if "X-Goog-Signature" not in request.query_params:
            return JSONResponse({"error": "unsigned"}, status_code=403)
        content, name = self.content(request.path_params["name"])
        start = _start(request, len(content), self.files.etag)
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "etag": self.files.etag,
            "accept-ranges": "bytes",
            "x-goog-hash": f"crc32c=AAAAAA==,md5={digest}",
        }
        if start:
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Response(content[start:], 206 if start else 200, headers, media_type="application/zip")

    def content(self, name: str) -> tuple[bytes, str]:
        """Return what is sent for a name, and the name that it is sent under."""
        return (self.files.archive, name) if name == "archive.zip" else (self.files.zip, f"{self.files.name}.zip")


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
