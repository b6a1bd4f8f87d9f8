"""A database that is opened where it is used, and closed with its run: what the resources of databases share."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr
from typing_extensions import Self

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


class EngineResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own examples leave it bare
    """A database, by its engine."""

    _engine: "Engine | None" = PrivateAttr(default=None)

    @abstractmethod
    def opened(self) -> "Engine":
        """Return a new engine."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Close the connections when the run ends."""
        del context
        try:
            yield self
        finally:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @property
    def engine(self) -> "Engine":
        """The engine, opened at the first use, so that a run without SQL needs no server.

        Raises:
            PipelineError: What opening it raises.
        """
        if self._engine is None:
            self._engine = self.opened()
        return self._engine
