"""Which files in the drop folder are new: the decision behind the new-file sensor.

What belongs here: from what the folder shows and what is remembered, what to run and what to remember next;
pure functions of values. What does not: reading the folder (`drop_folder.py`) and Dagster's sensor around it.

A file's identity is its content. Its name, size and times only say cheaply whether it was looked at before:
a file is hashed once, when it shows up or changes. Whether a content is already loaded or being loaded is
never remembered here but asked where it is true, so that a lost cursor costs hashing and no second run.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from babynames_dagster.errors import PipelineError

SEEN_LIMIT = 200
"""Most files whose looks are remembered one by one; of a fuller folder, the older ones by the watermark alone."""

HASH_BYTES_PER_TICK = 8_000_000_000
"""No further file is hashed in a tick after this many bytes: Dagster gives a tick 60 s."""


class ContentState(Enum):
    """What became of a content so far."""

    NEW = "never asked for"
    UNDER_WAY = "being loaded by a run"
    LOADED = "already loaded"
    FAILED = "loaded by a run that failed"


@dataclass(frozen=True)
class FolderEntry:
    """A file as the folder shows it, unopened.

    Attributes:
        path: Its absolute path.
        size: Bytes.
        modified_ns: When its content was last written, in ns since the epoch; copying may preserve it.
        changed_ns: When its content, name or owner last changed, in ns since the epoch; no tool sets it back.
    """

    path: str
    size: int
    modified_ns: int
    changed_ns: int

    @property
    def looks(self) -> str:
        """A short fingerprint of all this; another one means that the file must be looked at again."""
        text = f"{self.path}\0{self.size}\0{self.modified_ns}\0{self.changed_ns}"
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True)
class Listing:
    """A folder's candidates, or why they can't be known: a failed read is not an empty folder.

    Attributes:
        folder: The folder's absolute path.
        entries: Its files that may hold a dataset.
        problem: Why it could not be read, else None.
    """

    folder: str
    entries: Sequence[FolderEntry] = ()
    problem: str | None = None


class SensorState(BaseModel):
    """What the sensor remembers between two ticks: its cursor, a few kilobytes at most.

    Attributes:
        folder: The folder that all this is about.
        watermark_ns: Files last changed until then were looked at, whether or not they are in `seen`.
        seen: When each file that was looked at had last changed, by its looks.
        waiting: Since when (seconds since the epoch) each file that may still be written looks the same.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    folder: str = ""
    watermark_ns: int = 0
    seen: Mapping[str, int] = Field(default_factory=dict)
    waiting: Mapping[str, float] = Field(default_factory=dict)

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "SensorState":
        """Read Dagster's cursor; one that is absent or broken means to look at every file anew."""
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
        sha256: What it held when it was looked at.
        run_key: Dagster starts no second run for the same key.
    """

    path: str
    sha256: str
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


def decide(  # noqa: PLR0913 - each is a different kind of knowledge, and the four by keyword name themselves
    state: SensorState,
    listing: Listing,
    *,
    now: float,
    settle_seconds: float,
    digest: Callable[[str], str],
    content_state: Callable[[str], ContentState],
) -> Decision:
    """Decide which files of a folder to load.

    Args:
        state: What the last tick remembered.
        listing: What the folder shows now.
        now: Seconds since the epoch.
        settle_seconds: How long a file must have been still before it counts as written to its end.
        digest: Returns the SHA-256 of the file at a path; may raise OSError or PipelineError.
        content_state: Returns what became of a content so far, by its SHA-256.
    """
    if listing.problem is not None:
        return Decision(
            state=state, notes=[f"{listing.folder} can't be read, so nothing is decided: {listing.problem}"]
        )
    if state.folder != listing.folder:
        state = SensorState(folder=listing.folder)
    tick = _Tick(state, now)
    for entry in sorted(listing.entries, key=lambda entry: (entry.changed_ns, entry.path)):
        if entry.looks in state.seen:
            tick.seen[entry.looks] = entry.changed_ns
        elif entry.changed_ns <= state.watermark_ns:
            continue
        elif tick.is_still(entry, settle_seconds):
            tick.look_at(entry, digest, content_state)
    return tick.decision()


class _Tick:
    """One decision in the making."""

    def __init__(self, before: SensorState, now: float) -> None:
        self.seen: dict[str, int] = {}
        self._before = before
        self._now = now
        self._waiting: dict[str, float] = {}
        self._runs: list[FileRun] = []
        self._notes: list[str] = []
        self._hashed_bytes = 0

    def is_still(self, entry: FolderEntry, settle_seconds: float) -> bool:
        """Say whether a file has been still for long enough; if not, remember since when it is.

        Its age answers at once. Where a clock is ahead, so that the file comes from the future, looking the same
        for long enough answers as well.
        """
        since = min(self._before.waiting.get(entry.looks, self._now), self._now)
        last_change = max(entry.changed_ns, entry.modified_ns) / 1e9
        still = entry.size > 0 and max(self._now - last_change, self._now - since) >= settle_seconds
        if not still:
            self._wait(entry, since)
            reason = "it is empty" if entry.size == 0 else "it may still be being written"
            self._notes.append(f"{entry.path} is left for now: {reason}")
        return still

    def look_at(
        self,
        entry: FolderEntry,
        digest: Callable[[str], str],
        content_state: Callable[[str], ContentState],
    ) -> None:
        """Decide about one file by its content."""
        since = self._before.waiting.get(entry.looks, self._now)
        if self._hashed_bytes >= HASH_BYTES_PER_TICK:
            self._wait(entry, since)
            self._notes.append(f"{entry.path} is left for the next tick, after larger files")
            return
        self._hashed_bytes += entry.size
        try:
            sha256 = digest(entry.path)
        except (OSError, PipelineError) as error:
            self._wait(entry, since)
            reason = error.what if isinstance(error, PipelineError) else error.strerror or type(error).__name__
            self._notes.append(f"{entry.path} is left for now: it can't be read ({reason})")
            return
        self.seen[entry.looks] = entry.changed_ns
        if any(run.sha256 == sha256 for run in self._runs):
            self._notes.append(f"{entry.path} starts nothing: another file of this tick holds the same")
            return
        known = content_state(sha256)
        if known in {ContentState.UNDER_WAY, ContentState.LOADED}:
            self._notes.append(f"{entry.path} starts nothing: its content is {known.value} (SHA-256 {sha256})")
            return
        # Dagster lets a run key pass once, even if its run failed: somebody who touches or drops the file again
        # after a failure means another try.
        run_key = sha256 if known is ContentState.NEW else f"{sha256}-{entry.looks}"
        self._runs.append(FileRun(entry.path, sha256, run_key))
        again = "" if known is ContentState.NEW else ", again after a failed run"
        self._notes.append(f"{entry.path} is loaded{again} (SHA-256 {sha256})")

    def decision(self) -> Decision:
        """Return what the tick came to, with a state that stays small however full the folder is."""
        newest_first = sorted(self.seen.items(), key=lambda item: item[1], reverse=True)
        forgotten = newest_first[SEEN_LIMIT:]
        waiting = sorted(self._waiting.items(), key=lambda item: item[1])
        state = SensorState(
            folder=self._before.folder,
            watermark_ns=max([self._before.watermark_ns, *(changed for _, changed in forgotten)]),
            seen=dict(newest_first[:SEEN_LIMIT]),
            waiting=dict(waiting[:SEEN_LIMIT]),
        )
        return Decision(self._runs, state, self._notes)

    def _wait(self, entry: FolderEntry, since: float) -> None:
        self._waiting[entry.looks] = since
