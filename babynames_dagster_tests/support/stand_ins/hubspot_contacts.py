"""What users do with the stand-in's contacts at HubSpot's own pages, and no call of the pipeline does.

A merge makes a record of its own, with the primary one's values before the other's; reading or archiving either of
the former ids means that record. Source: HubSpot's developer changelog, "Updated merge functionality for contacts and
companies". The other contact's email becomes a secondary one (`hs_additional_emails`), which finds the contact as the
primary one does; the former ids are in `hs_merged_object_ids` (HubSpot/hubspot-api-nodejs, issue 6).
"""

from collections.abc import Mapping

from babynames_dagster.sandbox.hubspot.state import Contact, ContactStore, timestamp

_OTHER_EMAILS, _FORMER_IDS = "hs_additional_emails", "hs_merged_object_ids"


def restore(store: ContactStore, email: str) -> None:
    """Take a contact out of the archive, under its own id.

    Raises:
        LookupError: No archived contact has the email, or another one has taken it.
    """
    archived = store.database.execute(
        "SELECT id FROM contacts WHERE archived AND json_extract(properties, '$.email') = ? ORDER BY id DESC",
        (email.lower(),),
    ).fetchone()
    if archived is None or store.find(email) is not None:
        message = f"no archived contact can get the email {email} back"
        raise LookupError(message)
    with store.transaction():
        store.database.execute("UPDATE contacts SET archived = 0 WHERE id = ?", archived)
        store.database.execute("INSERT INTO emails VALUES (?, ?)", (email.lower(), archived[0]))


def delete(store: ContactStore, email: str) -> None:
    """Delete a contact permanently, as a privacy request does: not even the archive has it.

    Raises:
        LookupError: There is no such contact.
    """
    contact = _existing(store, email)
    with store.transaction():
        _remove(store, contact)


def edit(store: ContactStore, email: str, properties: Mapping[str, str]) -> None:
    """Change a contact as a user does, its primary email included; the former one is free again.

    Raises:
        LookupError: There is no such contact.
        ValueError: Another contact has the new email.
    """
    contact = _existing(store, email)
    after = {**contact.properties, **properties}
    after["email"] = after["email"].lower()
    owner = store.find(after["email"])
    if owner is not None and owner.contact_id != contact.contact_id:
        message = f"another contact has the email {after['email']}"
        raise ValueError(message)
    with store.transaction():
        store.replace(contact, after)


def merge(store: ContactStore, primary: str, other: str) -> int:
    """Merge two contacts into a record of its own, and return its id.

    Raises:
        LookupError: There is no such contact.
        ValueError: The two are one.
    """
    first, second = _existing(store, primary), _existing(store, other)
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
    with store.transaction():
        for contact in (first, second):
            _remove(store, contact)
        record = store.insert(properties, timestamp())
        store.database.executemany("INSERT OR REPLACE INTO merges VALUES (?, ?)", [(item, record) for item in former])
        store.database.executemany("INSERT INTO emails VALUES (?, ?)", [(item, record) for item in others])
    return record


def add_secondary_email(store: ContactStore, primary: str, secondary: str) -> None:
    """Give a contact one more email.

    Raises:
        LookupError: There is no such contact.
    """
    contact = _existing(store, primary)
    others = [*_listed(contact, _OTHER_EMAILS), secondary.lower()]
    with store.transaction():
        store.database.execute("INSERT INTO emails VALUES (?, ?)", (secondary.lower(), contact.contact_id))
        store.save(contact.contact_id, {**contact.properties, _OTHER_EMAILS: ";".join(others)})


def clear(store: ContactStore) -> None:
    """Forget every contact."""
    with store.transaction():
        store.database.execute("DELETE FROM contacts")
        store.database.execute("DELETE FROM emails")
        store.database.execute("DELETE FROM merges")


def count(store: ContactStore) -> int:
    """Count the contacts that are not archived."""
    count: int = store.database.execute("SELECT count(*) FROM contacts WHERE NOT archived").fetchone()[0]
    return count


def _existing(store: ContactStore, email: str) -> Contact:
    contact = store.find(email)
    if contact is None:
        message = f"no contact has the email {email}"
        raise LookupError(message)
    return contact


def _remove(store: ContactStore, contact: Contact) -> None:
    store.database.execute("DELETE FROM contacts WHERE id = ?", (contact.contact_id,))
    store.database.execute("DELETE FROM emails WHERE contact = ?", (contact.contact_id,))


def _listed(contact: Contact, name: str) -> list[str]:
    return [item for item in contact.properties.get(name, "").split(";") if item]
