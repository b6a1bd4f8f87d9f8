"""The stand-in's contacts, in a SQLite file that outlives the server.

What belongs here: storing and finding contacts, and what becomes of them when they are merged, archived or deleted.
What does not: what makes one valid (`rules.py`).

A merge makes a record of its own, with the primary one's values before the other's; reading or archiving either of
the former ids means that record. Source: HubSpot's developer changelog, "Updated merge functionality for contacts and
companies". The other contact's email becomes a secondary one (`hs_additional_emails`), which finds the contact as the
primary one does; the former ids are in `hs_merged_object_ids` (HubSpot/hubspot-api-nodejs, issue 6).
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
_OTHER_EMAILS, _FORMER_IDS = "hs_additional_emails", "hs_merged_object_ids"

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
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)
        self._database.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'contacts', ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'contacts')",
            (_FIRST_ID,),
        )

    def upsert(self, records: Sequence[tuple[str, Mapping[str, str]]]) -> list[Contact]:
        """Write contacts, each found by an email that it has, or made.

        Args:
            records: Pairs of an email and properties.
        """
        with self._transaction():
            return [self._upsert(email.lower(), properties) for email, properties in records]

    def update(self, records: Sequence[tuple[int, Mapping[str, str]]]) -> list[Contact]:
        """Write properties of contacts that there are.

        Args:
            records: Pairs of a record id and properties.
        """
        with self._transaction():
            return [self._update(contact_id, properties) for contact_id, properties in records]

    def find(self, email: str) -> Contact | None:
        """Return the contact with this primary or secondary email, unless it is archived."""
        row = self._database.execute(
            "SELECT c.* FROM emails e JOIN contacts c ON c.id = e.contact WHERE e.email = ?", (email.lower(),)
        ).fetchone()
        return _contact(row) if row else None

    def get(self, contact_id: int) -> Contact | None:
        """Return the contact with this id, archived or not; for the id of a merged one, what it was merged into."""
        row = self._database.execute("SELECT * FROM contacts WHERE id = ?", (contact_id,)).fetchone()
        if row:
            return _contact(row)
        merged = self._database.execute("SELECT record FROM merges WHERE former = ?", (contact_id,)).fetchone()
        return self.get(merged[0]) if merged else None

    def archive(self, contact_ids: Iterable[int]) -> None:
        """Archive contacts; their emails are free again."""
        ids = [(contact_id,) for contact_id in contact_ids]
        with self._transaction():
            self._database.executemany("UPDATE contacts SET archived = 1 WHERE id = ?", ids)
            self._database.executemany("DELETE FROM emails WHERE contact = ?", ids)

    def restore(self, email: str) -> None:
        """Take a contact out of the archive, under its own id.

        Raises:
            LookupError: No archived contact has the email, or another one has taken it.
        """
        archived = self._database.execute(
            "SELECT id FROM contacts WHERE archived AND json_extract(properties, '$.email') = ? ORDER BY id DESC",
            (email.lower(),),
        ).fetchone()
        if archived is None or self.find(email) is not None:
            message = f"no archived contact can get the email {email} back"
            raise LookupError(message)
        with self._transaction():
            self._database.execute("UPDATE contacts SET archived = 0 WHERE id = ?", archived)
            self._database.execute("INSERT INTO emails VALUES (?, ?)", (email.lower(), archived[0]))

    def delete(self, email: str) -> None:
        """Delete a contact permanently, as a privacy request does: not even the archive has it.

        Raises:
            LookupError: There is no such contact.
        """
        contact = self._existing(email)
        with self._transaction():
            self._remove(contact)

    def edit(self, email: str, properties: Mapping[str, str]) -> None:
        """Change a contact as a user does, its primary email included; the former one is free again.

        Raises:
            LookupError: There is no such contact.
            ValueError: Another contact has the new email.
        """
        contact = self._existing(email)
        after = {**contact.properties, **properties}
        after["email"] = after["email"].lower()
        owner = self.find(after["email"])
        if owner is not None and owner.contact_id != contact.contact_id:
            message = f"another contact has the email {after['email']}"
            raise ValueError(message)
        with self._transaction():
            self._replace(contact, after)

    def merge(self, primary: str, other: str) -> int:
        """Merge two contacts into a record of its own, and return its id.

        Raises:
            LookupError: There is no such contact.
            ValueError: The two are one.
        """
        first, second = self._existing(primary), self._existing(other)
        if first.contact_id == second.contact_id:
            message = f"{primary} and {other} are one contact"
            raise ValueError(message)
        others = [*_listed(first, _OTHER_EMAILS), second.properties["email"], *_listed(second, _OTHER_EMAILS)]
        former = [str(first.contact_id), *_listed(first, _FORMER_IDS)]
        former += [str(second.contact_id), *_listed(second, _FORMER_IDS)]
        properties = {
            **second.properties,
            **first.properties,
            _OTHER_EMAILS: ";".join(others),
            _FORMER_IDS: ";".join(former),
        }
        with self._transaction():
            for contact in (first, second):
                self._remove(contact)
            record = self._insert(properties, timestamp())
            self._database.executemany(
                "INSERT OR REPLACE INTO merges VALUES (?, ?)", [(item, record) for item in former]
            )
            self._database.executemany("INSERT INTO emails VALUES (?, ?)", [(item, record) for item in others])
        return record

    def add_secondary_email(self, primary: str, secondary: str) -> None:
        """Give a contact one more email.

        Raises:
            LookupError: There is no such contact.
        """
        contact = self._existing(primary)
        others = [*_listed(contact, _OTHER_EMAILS), secondary.lower()]
        with self._transaction():
            self._database.execute("INSERT INTO emails VALUES (?, ?)", (secondary.lower(), contact.contact_id))
            self._save(contact.contact_id, {**contact.properties, _OTHER_EMAILS: ";".join(others)})

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
            self._database.execute("DELETE FROM merges")

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
        after.update(_MADE_BY_AN_APP)
        return Contact(self._insert(after, now), after, now, now, archived=False, new=True)

    def _existing(self, email: str) -> Contact:
        contact = self.find(email)
        if contact is None:
            message = f"no contact has the email {email}"
            raise LookupError(message)
        return contact

    def _insert(self, properties: Mapping[str, str], now: str) -> int:
        # The table's own count, so that no id is used again once its contact is gone.
        inserted = self._database.execute(
            "INSERT INTO contacts (properties, created, updated) VALUES (?, ?, ?)", (json.dumps(properties), now, now)
        )
        contact_id = inserted.lastrowid or 0
        self._database.execute("INSERT INTO emails VALUES (?, ?)", (properties["email"], contact_id))
        return contact_id

    def _remove(self, contact: Contact) -> None:
        self._database.execute("DELETE FROM contacts WHERE id = ?", (contact.contact_id,))
        self._database.execute("DELETE FROM emails WHERE contact = ?", (contact.contact_id,))

    def _update(self, contact_id: int, properties: Mapping[str, str]) -> Contact:
        found = self.get(contact_id)
        if found is None:
            message = f"no contact has the id {contact_id}"
            raise LookupError(message)
        after = stored(properties, found.properties)
        self._replace(found, after)
        return Contact(found.contact_id, after, found.created, timestamp(), archived=False)

    def _replace(self, contact: Contact, after: Mapping[str, str]) -> None:
        """Give a contact other properties; where its primary email changes, the former one is free again."""
        if after["email"] != contact.properties["email"]:
            self._database.execute("DELETE FROM emails WHERE email = ?", (contact.properties["email"],))
            self._database.execute("INSERT OR IGNORE INTO emails VALUES (?, ?)", (after["email"], contact.contact_id))
        self._save(contact.contact_id, after)

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


def _listed(contact: Contact, name: str) -> list[str]:
    return [item for item in contact.properties.get(name, "").split(";") if item]


def _contact(row: Sequence[Any]) -> Contact:
    return Contact(row[0], json.loads(row[1]), row[2], row[3], archived=bool(row[4]))
