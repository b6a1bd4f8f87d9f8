"""What the sync sends: a source of rows, each of which becomes a contact.

What belongs here: what every source has to say. What does not: any source; the names are in `names/contacts/`, and
everybody's own tables in `sources/`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.orphans import Orphan, OrphanCount
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.hubspot.mapping import ContactMapping


class ContactSource(Protocol):
    """Rows that an account is to have as contacts, in partitions.

    Every method may raise a PipelineError with a DB_* code.
    """

    @property
    def sync(self) -> str:
        """The source's name, under which the ledger keeps its entries: at most 64 ASCII characters."""

    @property
    def noun(self) -> str:
        """What a row is called in sentences for people: `name`."""

    @property
    def option(self) -> str:
        """What chooses the source behind a command of `babynames`, with a blank before it; empty for the names."""

    @property
    def partitions(self) -> Sequence[str]:
        """Every partition, in order; each row is in one of them."""

    @property
    def mapping(self) -> ContactMapping:
        """How rows become contacts."""

    def require(self) -> None:
        """Make sure that the source can be read.

        Raises:
            PipelineError: What it lacks.
        """

    def notice(self, ledger: Ledger) -> str:
        """Return what a person should know of the rows before they are sent; empty where there is nothing."""

    def counts(self, partitions: Sequence[str]) -> Mapping[str, int]:
        """Count the rows that are meant, by partition (every one of `partitions`, 0 included)."""

    def pages(self, ledger: Ledger, partitions: Sequence[str]) -> Iterator[list[SourceRow]]:
        """Yield the rows that are meant, each with its ledger entry; memory holds a page, and no cursor stays open."""

    def rows_of(self, ledger: Ledger, keys: Collection[str], *, meant: bool = True) -> list[SourceRow]:
        """Return the rows with these keys, each with its ledger entry; with `meant`, only those that are."""

    def count_orphans(self, ledger: Ledger, partitions: Sequence[str]) -> OrphanCount:
        """Count the contacts that the account has by the ledger, and is no longer to have."""

    def orphan_pages(self, ledger: Ledger, partitions: Sequence[str], *, page_rows: int) -> Iterator[list[Orphan]]:
        """Yield those contacts."""


def within(source: ContactSource, partitions: Sequence[str]) -> Sequence[str] | None:
    """Return the partitions whose entries a run is about; None for all, former ones included."""
    return None if set(partitions) >= set(source.partitions) else partitions
