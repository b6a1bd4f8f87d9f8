"""A table, a view or a query as a source of the sync.

What belongs here: what each row becomes, with the reason of each that can be no contact, and which contacts are no
longer meant. What does not: SQL, the mapping (`mapping.py`), the partitions (`partitions.py`).
"""

import itertools
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.lookup import entries_by_key, held_pages, holders
from babynames_dagster.database.ledger.orphans import Orphan, OrphanCount, former_pages
from babynames_dagster.database.ledger.rows import NO_ENTRY, Entry, SourceRow, Unfit
from babynames_dagster.database.source_rows import RepeatedKey, SourceRows, Values
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.mapping import ContactMapping, digest
from babynames_dagster.hubspot.source import within
from babynames_dagster.sources.mapping import TableMapping
from babynames_dagster.sources.partitions import Partitioning

LONGEST_KEY = 255
_NO_KEY = Unfit("NO_KEY", "the row has no key")


@dataclass
class TableSource:
    """The rows of somebody's own table.

    What the whole table says about keys and emails that come more than once is asked once, so that a source is made
    again for each run.

    Attributes:
        sync: The source's name in the ledger.
        rows: The rows.
        row_mapping: How a row becomes a contact.
        partitioning: How rows are shared out among partitions.
        ledger_engine: The ledger's database, which may be another one than that of the rows.
        noun: What a row is called in sentences for people.
    """

    sync: str
    rows: SourceRows
    row_mapping: TableMapping
    partitioning: Partitioning
    ledger_engine: Engine
    noun: str = "row"

    @property
    def option(self) -> str:
        """What chooses it behind a command."""
        return f" --sync {shlex.quote(self.sync)}"

    @property
    def partitions(self) -> Sequence[str]:
        """Every partition."""
        return self.partitioning.names

    @property
    def mapping(self) -> ContactMapping:
        """How rows become contacts."""
        return self.row_mapping.contacts

    def require(self) -> None:
        """Make sure that there are all columns, and that keys and emails are few that come more than once.

        Raises:
            PipelineError: SOURCE_INVALID, naming each column that is missing, and what it is for.
        """
        missing = self.rows.missing_columns()
        if missing:
            uses: dict[str | None, str] = {
                **{column: f"becomes {name}" for column, name in self.row_mapping.columns.items()},
                self.partitioning.column: "the partition",
                self.row_mapping.email_column: "the email",
                self.rows.key: "the key",
            }
            named = ", ".join(f"{column} ({uses[column]})" for column in missing)
            raise PipelineError(ErrorCode.SOURCE_INVALID, f"{self.rows.what} lacks the column {named}.")
        self.rows.require_one_type_of_key()
        _ = self._repeated_keys, self._repeated_emails

    def counts(self, partitions: Sequence[str]) -> Mapping[str, int]:
        """Count the rows by partition."""
        counted: Counter[str] = Counter()
        if self.partitioning.buckets:
            for page in self._keys_alone.pages():
                counted.update(self._place(row)[1] for row in page)
            said = self.rows.counts_without_key()
        else:
            said = self.rows.counts()
        for column_says, count in said.items():
            counted[self.partitioning.of("", column_says)] += count
        return {name: counted[name] for name in partitions}

    def notice(self, ledger: Ledger) -> str:
        """Return nothing: a table has no loads of ours."""
        del ledger
        return ""

    def pages(self, ledger: Ledger, partitions: Sequence[str]) -> Iterator[list[SourceRow]]:
        """Yield every row of these partitions by key, then those that have none or one that others have, too."""
        wanted = set(partitions)
        for page in self.rows.pages():
            placed = [(*self._place(row), row) for row in page]
            mine = [item for item in placed if item[1] in wanted and item[0] not in self._repeated_keys]
            entries = entries_by_key(self.ledger_engine, ledger, [key for key, _, _ in mine])
            if mine:
                yield [self._row(key, partition, row, entries.get(key, NO_ENTRY)) for key, partition, row in mine]
        yield from self._keyless(ledger, wanted)

    def rows_of(self, ledger: Ledger, keys: Collection[str], *, meant: bool = True) -> list[SourceRow]:
        """Return some rows; every row of a table is meant."""
        del meant
        wanted = set(keys) - self._repeated_keys.keys()
        placed = [(*self._place(row), row) for row in self.rows.rows_of(wanted)]
        entries = entries_by_key(self.ledger_engine, ledger, wanted)
        return [
            self._row(key, partition, row, entries.get(key, NO_ENTRY))
            for key, partition, row in placed
            if key in wanted
        ]

    def count_orphans(self, ledger: Ledger, partitions: Sequence[str]) -> OrphanCount:
        """Count the contacts of rows that are gone."""
        counted = Counter(orphan.ours for page in self._orphans(ledger, partitions) for orphan in page)
        return OrphanCount(counted[True], counted[False])

    def orphan_pages(self, ledger: Ledger, partitions: Sequence[str], *, page_rows: int) -> Iterator[list[Orphan]]:
        """Yield those contacts."""
        for page in self._orphans(ledger, partitions):
            yield from (page[first : first + page_rows] for first in range(0, len(page), page_rows))

    @cached_property
    def _keys_alone(self) -> SourceRows:
        return replace(self.rows, columns=())

    @cached_property
    def _repeated_keys(self) -> Mapping[str, RepeatedKey]:
        return {ledger_key(key): repeated for key, repeated in self.rows.repeated_keys().items()}

    @cached_property
    def _repeated_emails(self) -> Mapping[str, str]:
        return self.rows.repeated_values(self.row_mapping.email_column)

    def _place(self, row: Values) -> tuple[str, str]:
        """Return a row's key in the ledger, and its partition."""
        key = ledger_key(self.rows.text_of(row[self.rows.key]))
        return key, self.partitioning.of(key, self.rows.partition_of(row))

    def _row(self, key: str, partition: str, row: Values, entry: Entry) -> SourceRow:
        unfit: Unfit | None
        try:
            payload = self.row_mapping.payload(row)
            unfit = self.row_mapping.unfit(payload)
        except ValueError as error:
            payload, unfit = {"email": ""}, Unfit("INVALID_VALUE", str(error))
        first = self._repeated_emails.get(payload["email"], key)
        if unfit is None and first != key:
            unfit = Unfit("DUPLICATE_EMAIL", f"the row {first[:100]} has the same email")
        if key != self.rows.text_of(row[self.rows.key]):
            unfit = Unfit("INVALID_KEY", f"a key is text of up to {LONGEST_KEY} characters, with no blank at its end")
        return SourceRow(key, partition, key, payload, entry, unfit)

    def _keyless(self, ledger: Ledger, wanted: Collection[str]) -> Iterator[list[SourceRow]]:
        """Yield as many rows as have no key, or one that others have, too; they all look the same."""
        found: list[tuple[str, str, int, Unfit]] = []
        for column_says, count in self.rows.counts_without_key().items():
            found.append(("", self.partitioning.of("", column_says), count, _NO_KEY))
        for key, repeated in self._repeated_keys.items():
            why = Unfit("DUPLICATE_KEY", f"{repeated.rows:,} rows have the key {key[:100]}")
            by_partition = repeated.by_partition.items()
            found += [(key, self.partitioning.of(key, says), count, why) for says, count in by_partition]
        found = [item for item in found if item[1] in wanted]
        entries = entries_by_key(self.ledger_engine, ledger, {key for key, *_ in found}) if found else {}
        for key, partition, count, why in found:
            row = SourceRow(key, partition, key, {"email": ""}, entries.get(key, NO_ENTRY), why)
            for first in range(0, count, self.rows.page_rows):
                yield [row] * min(self.rows.page_rows, count - first)

    def _orphans(self, ledger: Ledger, partitions: Sequence[str]) -> Iterator[list[Orphan]]:
        """Yield contacts whose row is gone or has another email, and that no other row has as its contact.

        A row whose key has changed leads to the contact by its email. The former key's entry is an orphan's, and the
        contact is meant all the same.
        """
        # The last partition's run looks after entries of former partitions, as of other buckets.
        beyond = self.partitions if self.partitions[-1] in partitions else ()
        among, page_rows = within(self, partitions), self.rows.page_rows
        held = held_pages(self.ledger_engine, ledger, among, page_rows=page_rows, beyond=beyond)
        former = former_pages(self.ledger_engine, ledger, among, page_rows=page_rows, beyond=beyond)
        for page in itertools.chain(held, former):
            there = self._there(orphan.contact.key for orphan in page if not orphan.contact.superseded)
            gone = [orphan for orphan in page if orphan.contact.superseded or orphan.contact.key not in there]
            if gone:
                meant = self._meant(ledger, gone)
                orphans = [orphan for orphan in gone if orphan.contact.hubspot_id not in meant]
                if orphans:
                    yield orphans

    def _meant(self, ledger: Ledger, orphans: Sequence[Orphan]) -> set[str]:
        """Return which records are the contact of a row that is there, or of another source's."""
        found = holders(self.ledger_engine, ledger.portal_id, {orphan.contact.hubspot_id for orphan in orphans})
        there = self._there(holder.key for holder in found if holder.sync == ledger.sync)
        return {holder.hubspot_id for holder in found if holder.sync != ledger.sync or holder.key in there}

    def _there(self, keys: Iterator[str]) -> set[str]:
        rows = self._keys_alone.rows_of(set(keys))
        return {self.rows.text_of(row[self.rows.key]) for row in rows}


def ledger_key(key: str) -> str:
    """Return what the ledger calls a row with a key: the key, but for what its column can't hold, or distinguish."""
    text = key if key.isascii() else key.encode("utf-8", "backslashreplace").decode()
    fits = 0 < len(key) <= LONGEST_KEY and text == key and not key.endswith(" ")
    return key if fits else f"{text[:100].strip()}#{digest(text)}"
