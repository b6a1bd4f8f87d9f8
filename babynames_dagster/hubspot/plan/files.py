"""A plan's file: JSON Lines, the plan's own data first, then a row a line, the totals last.

What belongs here: writing it and reading it. What does not: what the rows mean (`rows.py`).

There is no secret in it: a plan names its account by number, and no token.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.plan.rows import WRITES, Planned, PlannedRow

_FORMAT = 2


@dataclass(frozen=True)
class PlanHead:
    """What a plan as a whole is about.

    Attributes:
        portal_id: The account that it belongs to.
        sync: The source that it is about.
        mapping: Fingerprint of the mapping.
        policy: HUBSPOT_WRITE_POLICY.
        made_at: When it was made, in UTC.
        initial_values: Whether contacts get the initial values again that were given others.
        full_refresh: Whether it is about every contact, changed or not.
    """

    portal_id: int
    sync: str
    mapping: str
    policy: str
    made_at: str
    initial_values: bool = False
    full_refresh: bool = False


class PlanWriter:
    """Writes the rows of one plan."""

    def __init__(self, file: TextIO, head: PlanHead) -> None:
        """Begin with the plan's own data."""
        self._file = file
        self._line({"plan": _FORMAT, **asdict(head)})

    def write(self, row: PlannedRow) -> None:
        """Write one row."""
        self._line(row.as_json())

    def close(self, totals: Mapping[Planned, int]) -> None:
        """End with the totals, by which a reader sees that the plan is whole."""
        self._line({"totals": {action.value: totals.get(action, 0) for action in Planned}})

    def _line(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False) + "\n")


@contextmanager
def plan_file(path: Path, head: PlanHead) -> Iterator[PlanWriter]:
    """Open a plan's file; it is there once it is whole, and not before.

    Raises:
        PipelineError: FILE_NOT_WRITABLE or DISK_FULL.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as file:
            yield PlanWriter(file, head)
        partial.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        partial.unlink(missing_ok=True)


def sync_of(path: Path) -> str:
    """Read which source a plan is about, from its first line.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE, PLAN_INVALID.
    """
    _, first = next(_lines(path), (1, {}))
    sync = first.get("sync")
    if not isinstance(sync, str):
        raise _invalid(path, "it does not begin as a plan of this version does")
    return sync


def read_head(path: Path) -> tuple[PlanHead, Counter[Planned]]:
    """Read what a plan is about, and its totals; makes sure that the file is whole.

    What would be written is counted by the rows themselves, of which a person may have taken some out.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE, PLAN_INVALID.
    """
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    rows, actions = 0, Counter[str]()
    for number, line in _lines(path):
        first, last = first or line, line
        rows = number - 2
        actions[str(line.get("action"))] += 1
    if first.get("plan") != _FORMAT:
        raise _invalid(path, "it does not begin as a plan of this version does")
    try:
        head = PlanHead(
            int(first["portal_id"]),
            first["sync"],
            first["mapping"],
            first["policy"],
            first["made_at"],
            initial_values=first.get("initial_values") is True,
            full_refresh=first.get("full_refresh") is True,
        )
        totals = Counter({Planned(action): int(count) for action, count in last["totals"].items()})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _invalid(path, f"it does not end as a plan does, after {max(rows, 0):,} rows") from None
    return head, Counter({**totals, **{action: actions[action.value] for action in WRITES}})


def read_rows(path: Path) -> Iterator[PlannedRow]:
    """Read a plan's rows.

    Raises:
        PipelineError: FILE_NOT_FOUND, FILE_NOT_READABLE, PLAN_INVALID.
    """
    for number, line in _lines(path):
        if "plan" in line or "totals" in line:
            continue
        try:
            yield PlannedRow.from_json(line)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _invalid(path, f"line {number} is no row of a plan") from None


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield numbered lines; editors leave a byte order mark and blank lines."""
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, text in enumerate(file, start=1):
                if not text.strip():
                    continue
                line = json.loads(text)
                if not isinstance(line, dict):
                    raise _invalid(path, f"line {number} is no JSON object")
                yield number, line
    except FileNotFoundError:
        raise PipelineError(
            ErrorCode.FILE_NOT_FOUND, f"There is no plan at {path}.", remedy="Make one: `babynames plan --out FILE`."
        ) from None
    except OSError as error:
        raise PipelineError(ErrorCode.FILE_NOT_READABLE, f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise _invalid(path, "it is not in UTF-8") from None
    except ValueError:
        raise _invalid(path, f"line {number} is no JSON") from None


def _invalid(path: Path, why: str) -> PipelineError:
    return PipelineError(ErrorCode.PLAN_INVALID, f"{path} is no whole plan: {why}.")
