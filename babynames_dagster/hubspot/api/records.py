"""Contacts read back as records: who each one is today, and what of a batch had no answer at all.

What belongs here: batch read by record id or by email, and matching its answer with what was asked. What does not:
what the difference to the ledger means.

A merged record answers for each of its former ids, which it lists in `hs_merged_object_ids`, and is found by its
secondary emails (`hs_additional_emails`) as by its primary one. Source: HubSpot's developer changelog, "Updated merge
functionality for contacts and companies", and HubSpot/hubspot-api-nodejs, issue 6.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from babynames_dagster.hubspot.api.answers import Answer
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import READ, READ_ARCHIVED
from babynames_dagster.hubspot.api.verdicts import Verdict, verdict

OTHER_EMAILS = "hs_additional_emails"
FORMER_IDS = "hs_merged_object_ids"
SOURCE = "hs_object_source"
_NOT_FOUND = "OBJECT_NOT_FOUND"
_WHOLE = "COMPLETE"


@dataclass(frozen=True)
class Record:
    """One contact as HubSpot shows it.

    Attributes:
        record_id: Its record id.
        email: Its primary email, lower-case; empty where it has none.
        other_emails: Its secondary emails, lower-case.
        former_ids: Ids of the records that were merged into it.
        properties: What was asked for, and what HubSpot adds.
        archived: Whether it is in the archive.
    """

    record_id: str
    email: str = ""
    other_emails: tuple[str, ...] = ()
    former_ids: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    archived: bool = False

    @property
    def emails(self) -> tuple[str, ...]:
        """Every email by which it is found."""
        return tuple(filter(None, (self.email, *self.other_emails)))


@dataclass(frozen=True)
class Looked:
    """What one batch read said. What is neither found nor missing had no answer.

    Attributes:
        answer: The answer as it came.
        found: The records, by the id or email that was asked for.
        missing: Those of which HubSpot says that there is none.
        stray: How many records came that name none of what was asked for.
    """

    answer: Answer
    found: Mapping[str, Record] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    stray: int = 0


def look(  # noqa: PLR0913 - what a call is made of
    client: HubSpotClient,
    keys: Sequence[str],
    properties: Iterable[str] = (),
    *,
    by_email: bool = False,
    archived: bool = False,
    stop: threading.Event | None = None,
    on_departure: Callable[[], None] = lambda: None,
) -> Looked:
    """Read contacts, at most 100.

    A record that does not name the id or email that led to it, which may be one of a chain of merges, is asked for
    alone: then it can be the answer to that alone.

    Args:
        client: The account.
        keys: Record ids, or emails; no two the same.
        properties: Names of the properties to read, besides those that say who a record is.
        by_email: Whether the keys are emails.
        archived: Whether to look into the archive instead, which knows record ids alone.
        stop: Ends waiting when set.
        on_departure: Called each time that the call has got its slot.

    Raises:
        PipelineError: As `HubSpotClient.request`.
    """
    wanted = dict.fromkeys((*properties, "email", OTHER_EMAILS, FORMER_IDS))
    body: dict[str, Any] = {"properties": [*wanted], "inputs": [{"id": key} for key in keys]}
    if by_email:
        body["idProperty"] = "email"
    endpoint = READ_ARCHIVED if archived else READ
    answer = client.request(endpoint, body=body, stop=stop, on_departure=on_departure)
    looked = seen(answer, keys, by_email=by_email)
    if not looked.stray:
        return looked
    found = dict(looked.found)
    for key in keys:
        if key not in found and key not in looked.missing:
            one = {**body, "inputs": [{"id": key}]}
            alone = client.request(endpoint, body=one, stop=stop, on_departure=on_departure)
            found.update(seen(alone, [key], by_email=by_email).found)
    return replace(looked, found=found)


def seen(answer: Answer, keys: Sequence[str], *, by_email: bool = False) -> Looked:
    """Return what an answer to a batch read says of each key.

    Only a complete answer counts: a batch that is still worked on (PENDING) says nothing of what it leaves out.
    """
    if verdict(answer) is not Verdict.DONE or (answer.body("status") or _WHOLE) != _WHOLE:
        return Looked(answer)
    by_key: dict[str, Record] = {}
    records, asked, stray = [*_records(answer)], {*keys}, 0
    for record in records:
        names = record.emails if by_email else (record.record_id, *record.former_ids)
        by_key.update(dict.fromkeys(names, record))
        stray += asked.isdisjoint(names)
    missing = _missing(answer)
    if len(keys) == len(records) == 1:
        by_key, stray = {keys[0]: records[0]}, 0
    found = {key: by_key[key] for key in keys if key in by_key}
    return Looked(answer, found, frozenset(key for key in keys if key in missing and key not in found), stray)


def _records(answer: Answer) -> Iterator[Record]:
    for result in answer.objects("results"):
        properties = result.get("properties")
        record_id = result.get("id")
        # Every property that was asked for is there, null where it has no value.
        if not isinstance(properties, dict) or "email" not in properties or type(record_id) not in {str, int}:
            continue
        yield Record(
            str(record_id),
            str(properties.get("email") or "").lower(),
            tuple(email.lower() for email in _listed(properties.get(OTHER_EMAILS))),
            tuple(_listed(properties.get(FORMER_IDS))),
            properties,
            archived=result.get("archived") is True,
        )


def _listed(value: object) -> list[str]:
    return [item.strip() for item in str(value or "").split(";") if item.strip()]


def _missing(answer: Answer) -> set[str]:
    found: set[str] = set()
    for error in answer.objects("errors"):
        context = error.get("context")
        ids = context.get("ids") if isinstance(context, dict) else None
        if isinstance(ids, list) and error.get("category", _NOT_FOUND) == _NOT_FOUND:
            found.update(str(key).lower() for key in ids)
    return found
