"""The stand-in's contacts, in a SQLite file that outlives the server.

What belongs here: storing and finding contacts as calls of the API do. What does not: what makes one valid
(`rules.py`), and what users do at HubSpot's own pages, whose traces (merges, secondary emails) are found here all the
same.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from babynames_dagster.sandbox.hubspot.rules import stored

_SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, properties TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS emails (email TEXT PRIMARY KEY, contact INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS emails_of_contact ON emails (contact);
CREATE TABLE IF NOT EXISTS merges (former INTEGER PRIMARY KEY, record INTEGER NOT NULL);
"""
_FIRST_ID = 500

_MADE_BY_AN_APP = {"hs_object_source": "INTEGRATION", "hs_object_source_label": "INTEGRATION"}
"""Where a record came from: whatever the API makes, an app has made."""


@dataclass(frozen=True)
class Contact:
    """One contact as it is stored."""

    contact_id: int
    properties: dict[str, str]
    created: str
    updated: str
    archived: bool
    new: bool = False

    def as_json(self, properties: Iterable[str] | None = None) -> dict[str, Any]:
        """Return the contact as answers show it.

        Args:
            properties: Only these properties; all by default.
        """
        shown = self.properties if properties is None else {name: self.properties.get(name) for name in properties}
        return {
            "id": str(self.contact_id),
            "properties": {**shown, "hs_object_id": str(self.contact_id)},
            "createdAt": self.created,
            "updatedAt": self.updated,
            "archived": self.archived,
        }


class ContactStore:
    """The contacts of one account. For use by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.executescript(_SCHEMA)
        self.database.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'contacts', ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'contacts')",
            (_FIRST_ID,),
        )

    def upsert(self, records: Sequence[tuple[str, Mapping[str, str]]]) -> list[Contact]:
        """Write contacts, each found by an email that it has, or made.

        Args:
            records: Pairs of an email and properties.
        """
        with self.transaction():
            return [self._upsert(email.lower(), properties) for email, properties in records]

    def update(self, records: Sequence[tuple[int, Mapping[str, str]]]) -> list[Contact]:
        """Write properties of contacts that there are.

        Args:
            records: Pairs of a record id and properties.
        """
        with self.transaction():
            return [self._update(contact_id, properties) for contact_id, properties in records]

    def find(self, email: str) -> Contact | None:
        """Return the contact with this primary or secondary email, unless it is archived."""
        row = self.database.execute(
            "SELECT c.* FROM emails e JOIN contacts c ON c.id = e.contact WHERE e.email = ?", (email.lower(),)
        ).fetchone()
        return _contact(row) if row else None

    def get(self, contact_id: int) -> Contact | None:
        """Return the contact with this id, archived or not; for the id of a merged one, what it was merged into."""
        row = self.database.execute("SELECT * FROM contacts WHERE id = ?", (contact_id,)).fetchone()
        if row:
            return _contact(row)
        merged = self.database.execute("SELECT record FROM merges WHERE former = ?", (contact_id,)).fetchone()
        return self.get(merged[0]) if merged else None

    def archive(self, contact_ids: Iterable[int]) -> None:
        """Archive contacts; their emails are free again."""
        ids = [(contact_id,) for contact_id in contact_ids]
        with self.transaction():
            self.database.executemany("UPDATE contacts SET archived = 1 WHERE id = ?", ids)
            self.database.executemany("DELETE FROM emails WHERE contact = ?", ids)

    def page(self, *, after: int, limit: int, archived: bool = False) -> list[Contact]:
        """Return the contacts after an id, by id."""
        rows = self.database.execute(
            "SELECT * FROM contacts WHERE id > ? AND archived = ? ORDER BY id LIMIT ?", (after, archived, limit)
        )
        return [_contact(row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def _upsert(self, email: str, properties: Mapping[str, str]) -> Contact:
        found = self.find(email)
        now = timestamp()
        after = stored({"email": email, **properties}, found.properties if found else {})
        if found is not None:
            after["email"] = found.properties["email"] if email != found.properties["email"] else after["email"]
            self.save(found.contact_id, after)
            return Contact(found.contact_id, after, found.created, now, archived=False)
        after.update(_MADE_BY_AN_APP)
        return Contact(self.insert(after, now), after, now, now, archived=False, new=True)

    def insert(self, properties: Mapping[str, str], now: str) -> int:
        """Make a contact, and return its id."""
        # The table's own count, so that no id is used again once its contact is gone.
        inserted = self.database.execute(
            "INSERT INTO contacts (properties, created, updated) VALUES (?, ?, ?)", (json.dumps(properties), now, now)
        )
        contact_id = inserted.lastrowid or 0
        self.database.execute("INSERT INTO emails VALUES (?, ?)", (properties["email"], contact_id))
        return contact_id

    def _update(self, contact_id: int, properties: Mapping[str, str]) -> Contact:
        found = self.get(contact_id)
        if found is None:
            message = f"no contact has the id {contact_id}"
            raise LookupError(message)
        after = stored(properties, found.properties)
        self.replace(found, after)
        return Contact(found.contact_id, after, found.created, timestamp(), archived=False)

    def replace(self, contact: Contact, after: Mapping[str, str]) -> None:
        """Give a contact other properties; where its primary email changes, the former one is free again."""
        if after["email"] != contact.properties["email"]:
            self.database.execute("DELETE FROM emails WHERE email = ?", (contact.properties["email"],))
            self.database.execute("INSERT OR IGNORE INTO emails VALUES (?, ?)", (after["email"], contact.contact_id))
        self.save(contact.contact_id, after)

    def save(self, contact_id: int, properties: Mapping[str, str]) -> None:
        """Store a contact's properties."""
        self.database.execute(
            "UPDATE contacts SET properties = ?, updated = ? WHERE id = ?",
            (json.dumps(properties), timestamp(), contact_id),
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what the block writes whole, or undo it."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")


def timestamp() -> str:
    """Return this moment as answers show it: ISO 8601, milliseconds, Z."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _contact(row: Sequence[Any]) -> Contact:
    return Contact(row[0], json.loads(row[1]), row[2], row[3], archived=bool(row[4]))
