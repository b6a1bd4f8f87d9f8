"""Which files in the drop folder are new: the decision behind the new-file sensor.

What belongs here: from what the folder shows and what is remembered, what to run and what to remember next;
pure functions of values. What does not: reading the folder (`datafile/folder.py`) and Dagster's sensor around it.

A file's identity is its content. Its name, size and times only say cheaply whether it was looked at before:
a file is hashed once, when it shows up or changes. Whether a content is already loaded or being loaded is
never remembered here but asked where it is true, so that a lost cursor costs hashing and no second run.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from babynames_dagster.common.paths import printable
from babynames_dagster.datafile.folder import FolderEntry, Listing
from babynames_dagster.errors import PipelineError

SEEN_LIMIT = 200
"""Most files whose looks are remembered one by one; of a fuller folder, the older ones by the watermark alone."""

TICK_SECONDS = 25.0
"""No further file is looked at in a tick after this time: Dagster ends a tick after 60 s and keeps nothing of it."""

HASH_SECONDS = 15.0
"""A file that takes longer to hash is left to a run, which hashes it anyway and has the time."""


class ContentState(Enum):
    """What became of a content so far."""

    NEW = "never asked for"
    UNDER_WAY = "being loaded by a run"
    LOADED = "already loaded"
    FAILED = "loaded by a run that failed"


class SensorState(BaseModel):
    """What the sensor remembers between two ticks: its cursor, a few kilobytes at most.

    Attributes:
        folder: The folder that all this is about.
        watermark_ns: Files last changed until then were looked at, whether or not they are in `seen`; except those
            that are `waiting`.
        seen: When each file that was looked at had last changed, by its looks.
        waiting: Since when (seconds since the epoch) each file that is still to be looked at looks the same.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    folder: str = ""
    watermark_ns: int = 0
    seen: Mapping[str, int] = Field(default_factory=dict)
    waiting: Mapping[str, float] = Field(default_factory=dict)

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "SensorState":
        """Read Dagster's cursor; one that is absent or broken means to look at every file again."""
        try:
            return cls.model_validate_json(cursor or "{}")
        except ValidationError:
            return cls()

    def to_cursor(self) -> str:
        """Return what Dagster keeps until the next tick."""
        return self.model_dump_json()


@dataclass(frozen=True)
class FileRun:
    """One run to start.

    Attributes:
        path: The file to load.
        sha256: What it held when it was looked at; None where the run has to find that out.
        run_key: Dagster starts no second run for the same key.
    """

    path: str
    sha256: str | None
    run_key: str


@dataclass(frozen=True)
class Decision:
    """What a tick comes to.

    Attributes:
        runs: What to start, oldest file first.
        state: What to remember.
        notes: What was decided about which file, and why; for the log.
    """

    runs: list[FileRun] = field(default_factory=list)
    state: SensorState = field(default_factory=SensorState)
    notes: list[str] = field(default_factory=list)


def decide(  # noqa: PLR0913 - each is a different kind of knowledge, and those by keyword name themselves
    state: SensorState,
    listing: Listing,
    *,
    now: float,
    settle_seconds: float,
    digest: Callable[[str], str | None],
    content_state: Callable[[str], ContentState],
    clock: Callable[[], float] = time.monotonic,
) -> Decision:
    """Decide which files of a folder to load.

    Args:
        state: What the last tick remembered.
        listing: What the folder shows now.
        now: Seconds since the epoch.
        settle_seconds: How long a file must have been still before it counts as written to its end.
        digest: Returns the SHA-256 of the file at a path, or None where that takes longer than HASH_SECONDS; may
            raise OSError or PipelineError.
        content_state: Returns what became of a content so far, by its SHA-256.
        clock: Seconds that only grow.
    """
    if listing.problem is not None:
        return Decision(
            state=state, notes=[f"{printable(listing.folder)} can't be read, so nothing is decided: {listing.problem}"]
        )
    if state.folder != listing.folder:
        state = SensorState(folder=listing.folder)
    tick = _Tick(state, now, clock)
    for path, problem in listing.problems.items():
        tick.note(f"{path} is passed by: {problem}")
    for entry in sorted(listing.entries, key=lambda entry: (entry.changed_ns, entry.path)):
        if entry.looks in state.seen:
            tick.seen[entry.looks] = entry.changed_ns
        elif entry.changed_ns <= state.watermark_ns and entry.looks not in state.waiting:
            continue
        elif tick.is_still(entry, settle_seconds):
            tick.look_at(entry, digest, content_state)
    return tick.decision()


class _Tick:
    """One decision in the making."""

    def __init__(self, before: SensorState, now: float, clock: Callable[[], float]) -> None:
        self.seen: dict[str, int] = {}
        self._before = before
        self._now = now
        self._clock = clock
        self._deadline = clock() + TICK_SECONDS
        self._waiting: dict[str, tuple[int, float]] = {}
        self._runs: list[FileRun] = []
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        """Say something in the log."""
        self._notes.append(printable(text))

    def is_still(self, entry: FolderEntry, settle_seconds: float) -> bool:
        """Say whether a file has been still for long enough; if not, remember since when it is.

        Its age answers at once. Where a clock is ahead, so that the file comes from the future, looking the same
        for long enough answers as well.
        """
        last_change = max(entry.changed_ns, entry.modified_ns) / 1e9
        still = entry.size > 0 and max(self._now - last_change, self._now - self._since(entry)) >= settle_seconds
        if not still:
            self._wait(entry, "it is empty" if entry.size == 0 else "it may still be being written")
        return still

    def look_at(
        self,
        entry: FolderEntry,
        digest: Callable[[str], str | None],
        content_state: Callable[[str], ContentState],
    ) -> None:
        """Decide about one file by its content."""
        if self._clock() >= self._deadline:
            self._wait(entry, "the tick's time is over")
            return
        try:
            sha256 = digest(entry.path)
        except (OSError, PipelineError) as error:
            reason = error.what if isinstance(error, PipelineError) else error.strerror or type(error).__name__
            self._wait(entry, f"it can't be read ({reason})")
            return
        self.seen[entry.looks] = entry.changed_ns
        if sha256 is None:
            self._runs.append(FileRun(entry.path, None, f"unread-{entry.looks}"))
            self.note(
                f"{entry.path} is left to a run, which loads it unless its content is loaded already: "
                f"its {entry.size:,} bytes take more than {HASH_SECONDS:.0f} s to read"
            )
            return
        if any(run.sha256 == sha256 for run in self._runs):
            self.note(f"{entry.path} starts nothing: another file of this tick holds the same")
            return
        known = content_state(sha256)
        if known in {ContentState.UNDER_WAY, ContentState.LOADED}:
            self.note(f"{entry.path} starts nothing: its content is {known.value} (SHA-256 {sha256})")
            return
        # Dagster lets a run key pass once, even if its run failed: somebody who touches or drops the file again
        # after a failure means another try.
        run_key = sha256 if known is ContentState.NEW else f"{sha256}-{entry.looks}"
        self._runs.append(FileRun(entry.path, sha256, run_key))
        again = "" if known is ContentState.NEW else ", again after a failed run"
        self.note(f"{entry.path} is loaded{again} (SHA-256 {sha256})")

    def decision(self) -> Decision:
        """Return what the tick came to, with a state that stays small however full the folder is.

        The watermark stays below every file that waits and is not remembered as waiting.
        """
        newest_first = sorted(self.seen.items(), key=lambda item: item[1], reverse=True)
        waiting = sorted(self._waiting.items(), key=lambda item: item[1][0])
        watermark_ns = max([self._before.watermark_ns, *(changed for _, changed in newest_first[SEEN_LIMIT:])])
        for _, (changed, _) in waiting[SEEN_LIMIT:]:
            watermark_ns = min(watermark_ns, changed - 1)
        state = SensorState(
            folder=self._before.folder,
            watermark_ns=watermark_ns,
            seen=dict(newest_first[:SEEN_LIMIT]),
            waiting={looks: since for looks, (_, since) in waiting[:SEEN_LIMIT]},
        )
        return Decision(self._runs, state, self._notes)

    def _since(self, entry: FolderEntry) -> float:
        return min(self._before.waiting.get(entry.looks, self._now), self._now)

    def _wait(self, entry: FolderEntry, reason: str) -> None:
        self._waiting[entry.looks] = (entry.changed_ns, self._since(entry))
        self.note(f"{entry.path} is left for now: {reason}")
