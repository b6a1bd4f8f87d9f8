"""The names as a source of the sync.

What belongs here: a name as the sync's row. What does not: SQL (`database/ledger/`), the mapping (`mapping.py`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.candidates import (
    Candidate,
    ContactScope,
    candidate_pages,
    candidates_of,
    names_by_partition,
    require_years,
)
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.ledger.orphans import Orphan, OrphanCount, count_orphans, orphan_pages
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.loading.refused_names import names_of_refused_loads
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.names.identity import INITIALS
from babynames_dagster.settings import HubSpotSettings


@dataclass(frozen=True)
class NameSource:
    """The names of the table, which is in the ledger's own database.

    Attributes:
        engine: That database.
        names: How a name becomes a contact.
        scope: Which names are meant.
    """

    engine: Engine
    names: NameMapping
    scope: ContactScope = ContactScope()  # noqa: RUF009 - frozen
    sync: str = NAMES
    noun: str = "name"
    option: str = ""
    partitions: Sequence[str] = INITIALS

    @classmethod
    def from_settings(cls, engine: Engine, settings: HubSpotSettings) -> "NameSource":
        """Return the names that the settings mean.

        Raises:
            PipelineError: INVALID_CONFIG, see `NameMapping`.
        """
        return cls(engine, NameMapping.from_settings(settings), ContactScope.from_settings(settings))

    @property
    def mapping(self) -> ContactMapping:
        """How rows become contacts."""
        return self.names.contacts

    def require(self) -> None:
        """Make sure that the years are there where the scope needs them.

        Raises:
            PipelineError: YEARS_NOT_LOADED.
        """
        require_years(self.engine, self.scope)

    def notice(self, ledger: Ledger) -> str:
        """Return which of the names that are yet to be sent came with a file that was refused."""
        refused = names_of_refused_loads(self.engine, unknown_to=ledger.portal_id)
        return "".join(f"To be sent: {names}. " for names in refused).rstrip()

    def counts(self, partitions: Sequence[str]) -> Mapping[str, int]:
        """Count the names that are meant, by initial."""
        return names_by_partition(self.engine, self.scope, partitions)

    def pages(self, ledger: Ledger, partitions: Sequence[str]) -> Iterator[list[SourceRow]]:
        """Yield the names in the order of the initials, and of the ids within each."""
        pages = candidate_pages(self.engine, portal_id=ledger.portal_id, partitions=partitions, scope=self.scope)
        for page in pages:
            yield [self._row(name) for name in page]

    def rows_of(self, ledger: Ledger, keys: Collection[str], *, meant: bool = True) -> list[SourceRow]:
        """Return some names; with `meant`, only those that are."""
        scope = self._pinned if meant else ContactScope()
        names = candidates_of(self.engine, ledger.portal_id, scope, [int(key) for key in keys])
        return [self._row(name) for name in names]

    def count_orphans(self, ledger: Ledger, partitions: Sequence[str]) -> OrphanCount:
        """Count the contacts of names that are no longer meant."""
        return count_orphans(self.engine, ledger.portal_id, self.scope, partitions)

    def orphan_pages(self, ledger: Ledger, partitions: Sequence[str], *, page_rows: int) -> Iterator[list[Orphan]]:
        """Yield those contacts."""
        return orphan_pages(self.engine, ledger.portal_id, self.scope, partitions, page_rows=page_rows)

    @cached_property
    def _pinned(self) -> ContactScope:
        return self.scope.pinned(self.engine)

    def _row(self, name: Candidate) -> SourceRow:
        label = f"{name.name} ({name.sex})"
        return SourceRow(str(name.name_id), name.initial, label, self.names.payload(name), name.entry)
