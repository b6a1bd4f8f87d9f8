"""The stand-in's contacts, in a SQLite file that outlives the server.

What belongs here: storing and finding contacts. What does not: what makes one valid (`hubspot_rules.py`).
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from babynames_dagster.sandbox.hubspot_rules import stored

_SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, properties TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS emails (email TEXT PRIMARY KEY, contact INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS emails_of_contact ON emails (contact);
"""
_FIRST_ID = 500


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
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def upsert(self, records: Sequence[tuple[str, Mapping[str, str]]]) -> list[Contact]:
        """Write contacts, each found by an email that it has, or made.

        Args:
            records: Pairs of an email and properties.
        """
        with self._transaction():
            return [self._upsert(email.lower(), properties) for email, properties in records]

    def find(self, email: str) -> Contact | None:
        """Return the contact with this primary or secondary email, unless it is archived."""
        row = self._database.execute(
            "SELECT c.* FROM emails e JOIN contacts c ON c.id = e.contact WHERE e.email = ?", (email.lower(),)
        ).fetchone()
        return _contact(row) if row else None

    def get(self, contact_id: int) -> Contact | None:
        """Return the contact with this id, archived or not."""
        row = self._database.execute("SELECT * FROM contacts WHERE id = ?", (contact_id,)).fetchone()
        return _contact(row) if row else None

    def archive(self, contact_ids: Iterable[int]) -> None:
        """Archive contacts; their emails are free again."""
        ids = [(contact_id,) for contact_id in contact_ids]
        with self._transaction():
            self._database.executemany("UPDATE contacts SET archived = 1 WHERE id = ?", ids)
            self._database.executemany("DELETE FROM emails WHERE contact = ?", ids)

    def add_secondary_email(self, primary: str, secondary: str) -> None:
        """Give a contact one more email."""
        contact = self.find(primary)
        if contact is None:
            message = f"no contact has the email {primary}"
            raise LookupError(message)
        others = contact.properties.get("hs_additional_emails", "")
        properties = {**contact.properties, "hs_additional_emails": ";".join(filter(None, (others, secondary.lower())))}
        with self._transaction():
            self._database.execute("INSERT INTO emails VALUES (?, ?)", (secondary.lower(), contact.contact_id))
            self._save(contact.contact_id, properties)

    def page(self, *, after: int, limit: int, archived: bool = False) -> list[Contact]:
        """Return the contacts after an id, by id."""
        rows = self._database.execute(
            "SELECT * FROM contacts WHERE id > ? AND archived = ? ORDER BY id LIMIT ?", (after, archived, limit)
        )
        return [_contact(row) for row in rows]

    def count(self) -> int:
        """Count the contacts that are not archived."""
        count: int = self._database.execute("SELECT count(*) FROM contacts WHERE NOT archived").fetchone()[0]
        return count

    def clear(self) -> None:
        """Forget every contact."""
        with self._transaction():
            self._database.execute("DELETE FROM contacts")
            self._database.execute("DELETE FROM emails")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _upsert(self, email: str, properties: Mapping[str, str]) -> Contact:
        found = self.find(email)
        now = timestamp()
        after = stored({"email": email, **properties}, found.properties if found else {})
        if found is not None:
            after["email"] = found.properties["email"] if email != found.properties["email"] else after["email"]
            self._save(found.contact_id, after)
            return Contact(found.contact_id, after, found.created, now, archived=False)
        next_id = self._database.execute("SELECT max(coalesce(max(id), 0), ?) + 1 FROM contacts", (_FIRST_ID,))
        contact_id: int = next_id.fetchone()[0]
        self._database.execute(
            "INSERT INTO contacts (id, properties, created, updated) VALUES (?, ?, ?, ?)",
            (contact_id, json.dumps(after), now, now),
        )
        self._database.execute("INSERT INTO emails VALUES (?, ?)", (after["email"], contact_id))
        return Contact(contact_id, after, now, now, archived=False, new=True)

    def _save(self, contact_id: int, properties: Mapping[str, str]) -> None:
        self._database.execute(
            "UPDATE contacts SET properties = ?, updated = ? WHERE id = ?",
            (json.dumps(properties), timestamp(), contact_id),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def timestamp() -> str:
    """Return this moment as answers show it: ISO 8601, milliseconds, Z."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _contact(row: Sequence[Any]) -> Contact:
    return Contact(row[0], json.loads(row[1]), row[2], row[3], archived=bool(row[4]))
