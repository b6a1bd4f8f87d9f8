"""How a long step tells whoever watches how far it is.

What belongs here: the value that is reported and the type of the listener. What does not: rates,
throttling and drawing, which are the listener's business.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a step is.

    Attributes:
        stage: What is being done: `download`, `load`, `sync` or `undo`.
        done: Units done so far.
        total: Units in all, where known.
        unit: What is counted: `bytes`, `rows` or `contacts`.
        skipped: Units of `done` that took no time, because an earlier run did them: they are in no rate.
    """

    stage: str
    done: int
    total: int | None
    unit: str
    skipped: int = 0

    @property
    def worked(self) -> int:
        """Units that took time: what a rate is made of."""
        return self.done - self.skipped


ProgressListener = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """Listen to nothing: the default where nobody watches."""
