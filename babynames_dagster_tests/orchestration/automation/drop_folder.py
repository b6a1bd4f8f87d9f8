"""A drop folder in memory, and the sensor's decisions about it."""

import hashlib

from babynames_dagster.datafile.folder import FolderEntry, Listing
from babynames_dagster.orchestration.automation.new_files import (
    ContentState,
    Decision,
    SensorState,
    decide,
)

NOW = 1_800_000_000.0
SETTLE = 10.0


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


class Folder:
    """A folder in memory, what became of its contents, and the sensor's ticks over it."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[FolderEntry, str]] = {}
        self.states: dict[str, ContentState] = {}
        self.state = SensorState()
        self.now = NOW
        self.hashed: list[str] = []
        self.unreadable: dict[str, Exception] = {}
        self.problems: dict[str, str] = {}
        self.too_large: set[str] = set()
        self.seconds_per_hash = 0.0
        self.clock = 0.0

    def put(self, name: str, content: str, *, age: float = 60.0, size: int | None = None) -> None:
        changed = int((self.now - age) * 1e9)
        entry = FolderEntry(f"/drop/{name}", len(content) if size is None else size, changed, changed)
        self.files[entry.path] = (entry, content)

    def digest(self, path: str) -> str | None:
        self.hashed.append(path)
        self.clock += self.seconds_per_hash
        if path in self.too_large:
            return None
        if path in self.unreadable:
            raise self.unreadable[path]
        return sha(self.files[path][1])

    def tick(self, *, seconds: float = 30.0, problem: str | None = None) -> Decision:
        """Decide, then let Dagster start the runs and keep the cursor as text."""
        entries = [] if problem else [entry for entry, _ in self.files.values()]
        decision = decide(
            self.state,
            Listing("/drop", entries, problem, self.problems),
            now=self.now,
            settle_seconds=SETTLE,
            digest=self.digest,
            content_state=lambda content: self.states.get(content, ContentState.NEW),
            clock=lambda: self.clock,
        )
        for run in decision.runs:
            if run.sha256 is not None:
                self.states[run.sha256] = ContentState.UNDER_WAY
        self.state = SensorState.from_cursor(decision.state.to_cursor())
        self.now += seconds
        return decision

    def started(self) -> list[str]:
        return [run.path for run in self.tick().runs]
