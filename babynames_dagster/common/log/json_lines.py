"""Log lines as JSON objects on a standard stream, for collectors; with LOG_FORMAT=json, beside the files in LOG_DIR.

What belongs here: what such a line holds, and where it goes. What does not: what is worth a record.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, TextIO

from typing_extensions import override

from babynames_dagster.common.log.files import LOGGER, ON_EVENT_LOG
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.errors import ErrorCode
from babynames_dagster.settings import FileSettings

_CODE = re.compile(r"\[([A-Z_]+)\] ")
# Dagster's own names, as of 1.13: `dagster/_core/log_manager.py`, `dagster/_core/storage/tags.py`.
_META = "dagster_meta"
_PARTITION = "dagster/partition"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def log_as_json(
    files: FileSettings, mask: Mask, logger: logging.Logger | None = None, *, stream: TextIO | None = None
) -> None:
    """Let a logger write JSON lines, too, where LOG_FORMAT asks for it; a second call changes nothing.

    Args:
        files: LOG_FORMAT, LOG_LEVEL.
        mask: Hides secrets.
        logger: The logger, such as the log of a Dagster step; by default this package's own.
        stream: Where lines go, unless this package's own logger has a place already; stdout by default.
    """
    if files.log_format != "json":
        return
    package = logging.getLogger(LOGGER)
    target = package if logger is None else logger
    if any(isinstance(handler, JsonStream) for handler in target.handlers):
        return
    known = next((handler for handler in package.handlers if isinstance(handler, JsonStream)), None)
    handler = JsonStream(known.stream if known is not None else _lasting(stream or sys.stdout))
    handler.setLevel(files.log_level)
    handler.setFormatter(JsonLines(mask))
    if not target.isEnabledFor(handler.level):
        target.setLevel(handler.level)
    target.addHandler(handler)


class JsonStream(logging.StreamHandler[TextIO]):
    """Writes one line a record; what a step's log has as well, and the reports behind a progress bar, are left out."""

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream that stays open."""
        super().__init__(stream)
        self.addFilter(lambda record: not (hasattr(record, "progress") or hasattr(record, ON_EVENT_LOG)))


class JsonLines(logging.Formatter):
    """Makes a record one JSON object: time, level, logger, message, and what is known of run, step and error."""

    def __init__(self, mask: Mask) -> None:
        """Take what must be masked."""
        super().__init__()
        self._mask = mask

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            **dict(self._facts(record)),
        }
        return json.dumps({name: self._mask(text) for name, text in fields.items()}, ensure_ascii=False)

    def _facts(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        meta: Mapping[str, Any] = getattr(record, _META, None) or {}
        message = str(meta.get("orig_message") or record.getMessage())
        yield "message", message
        code = _CODE.match(message)
        if code and code[1] in ErrorCode.__members__:
            yield "code", code[1]
        for name, key in (("run_id", "run_id"), ("job", "job_name"), ("step", "step_key")):
            if meta.get(key):
                yield name, str(meta[key])
        partition = _partition(meta.get("job_tags") or {})
        if partition:
            yield "partition", partition
        error = getattr(getattr(meta.get("dagster_event"), "event_specific_data", None), "error", None)
        if record.exc_info:
            yield "exception", self.formatException(record.exc_info)
        elif error is not None:
            yield "exception", error.to_string()


def _partition(tags: Mapping[str, str]) -> str:
    if all(name in tags for name in _RANGE):
        return "...".join(tags[name] for name in _RANGE)
    return tags.get(_PARTITION, "")


def _lasting(stream: TextIO) -> TextIO:
    """Return what a stream leads to now: while a step runs, Dagster turns stdout and stderr to files."""
    try:
        descriptor = os.dup(stream.fileno())
    except OSError:  # no real file: nothing that Dagster could turn
        return stream
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
