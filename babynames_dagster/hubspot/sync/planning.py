"""Which rows have to be sent: comparing each with the ledger, and packing what differs into batches.

What belongs here: that decision. What does not: reading rows, sending.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b

from babynames_dagster.database.ledger.rows import Entry, SourceRow, Unfit
from babynames_dagster.database.ledger.states import NOT_OURS_TO_WRITE, LedgerOutcome
from babynames_dagster.hubspot.api.answers import Problem
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.mapping import ContactMapping, digest
from babynames_dagster.hubspot.sync.report import SyncOptions

_NOT_OURS_TO_WRITE = frozenset(finding.value for finding in NOT_OURS_TO_WRITE)


def settled(
    entry: Entry, fingerprint: str, options: SyncOptions, *, initial: str = "", policy: WritePolicy
) -> LedgerOutcome | None:
    """Return the outcome that stands for a row without sending it; None where it has to be sent.

    Args:
        entry: What the ledger knows of the row.
        fingerprint: Fingerprint of the payload that it has now, mapping included.
        options: What the run asks for.
        initial: Fingerprint of its initial values.
        policy: What may be written.
    """
    if entry.outcome is None or options.full_refresh:
        return None
    outcome = LedgerOutcome(entry.outcome)
    if outcome is LedgerOutcome.KEPT:
        # A contact that was not there to be updated may be there today.
        looked_at_again = policy is WritePolicy.UPDATE_ONLY or options.retry_rejected
        stands = not looked_at_again and entry.fingerprint == kept_fingerprint(fingerprint, policy)
        return outcome if stands else None
    if entry.fingerprint != fingerprint or outcome is LedgerOutcome.FAILED:
        return None
    if outcome is LedgerOutcome.REJECTED and options.retry_rejected:
        return None
    made_without = entry.initial_sent == "" and outcome is LedgerOutcome.SYNCED
    if made_without or (options.initial_values and entry.initial_sent != initial):
        return None
    return outcome


def standing(row: SourceRow, sent: Outgoing, options: SyncOptions, policy: WritePolicy) -> LedgerOutcome | None:
    """Return the outcome that stands for a row without sending it; None where it has to be sent.

    A contact that reconciling found to be part of another one, or under another email, is left alone, whatever else is
    asked for. Writing to it by our email would change somebody's contact.

    Args:
        row: The row and its ledger entry.
        sent: The row as it would be sent.
        options: What the run asks for.
        policy: What may be written.
    """
    if row.entry.finding in _NOT_OURS_TO_WRITE and row.entry.hubspot_email == sent.email:
        return LedgerOutcome.KEPT
    return settled(row.entry, sent.fingerprint, options, initial=sent.initial, policy=policy)


def kept_fingerprint(fingerprint: str, policy: WritePolicy) -> str:
    """Return the fingerprint under which a row is kept: another policy looks at it again."""
    return _kept_for(policy.value, fingerprint)


def left_fingerprint(fingerprint: str) -> str:
    """Return the fingerprint of a row whose contact is somebody's: once its finding is gone, it is sent."""
    return _kept_for("left", fingerprint)


def _kept_for(reason: str, fingerprint: str) -> str:
    return blake2b(f"{reason}\x1f{fingerprint}".encode(), digest_size=16).hexdigest()


def outgoing(row: SourceRow, mapping: ContactMapping, options: SyncOptions) -> Outgoing:
    """Return a row as it is sent: with its initial values the first time under its email, or where asked for.

    Asked for, those that it was given before are not given again, so that what users made of them since stays; a full
    refresh gives them to every contact. A contact that is there although the ledger gave it none has users of its own:
    unless asked for, it gets them only where it has no value.
    """
    payload, entry = row.payload, row.entry
    initial = mapping.initial_fingerprint(payload)
    under_this_email = entry.hubspot_email == payload["email"]
    given_before = bool(entry.initial_sent) and under_this_email
    others = options.full_refresh or entry.initial_sent != initial
    withheld = given_before and not (options.initial_values and others)
    return Outgoing(
        row.key,
        row.partition,
        mapping.lasting(payload) if withheld else payload,
        mapping.payload_fingerprint(payload),
        initial,
        mapping.initial_values(payload) if withheld else {},
        entry.hubspot_id if under_this_email else None,
        offered=frozenset() if options.initial_values else mapping.initial,
    )


def unfit_outcome(row: SourceRow, unfit: Unfit) -> Outcome:
    """Return the outcome of a row that can be no contact; it is about the reason, so that another one is news."""
    fingerprint = digest("\x1f".join(("unfit", *unfit)))
    sent = Outgoing(row.key, row.partition, {"email": "", **row.payload}, fingerprint)
    return Outcome(sent, Kind.REJECTED, problem=Problem(unfit.category, unfit.message))


def outgoing_batches(  # noqa: PLR0913 - all by keyword
    pages: Iterable[list[SourceRow]],
    mapping: ContactMapping,
    options: SyncOptions,
    *,
    policy: WritePolicy = WritePolicy.OVERWRITE,
    size: int,
    on_settled: Callable[[str, LedgerOutcome], None],
    on_unfit: Callable[[SourceRow, Outcome], None],
) -> Iterator[list[Outgoing]]:
    """Pack the rows that have to be sent into batches, which may mix partitions.

    Contacts that the ledger knows are read before they are written, others are not: they make batches of their own, so
    that no batch costs the calls of both.

    Args:
        pages: The rows to look at.
        mapping: How rows become contacts.
        options: What the run asks for.
        policy: What may be written.
        size: Rows a batch.
        on_settled: Called with the partition and the outcome of each row that is not sent.
        on_unfit: Called with each row that can be no contact, and its outcome.
    """
    batches: dict[bool, list[Outgoing]] = {True: [], False: []}
    for page in pages:
        for row in page:
            if row.unfit:
                on_unfit(row, unfit_outcome(row, row.unfit))
                continue
            sent = outgoing(row, mapping, options)
            outcome = standing(row, sent, options, policy)
            if outcome is not None:
                on_settled(row.partition, outcome)
                continue
            known = sent.record is not None
            batches[known].append(sent)
            if len(batches[known]) == size:
                yield batches[known]
                batches[known] = []
    yield from filter(None, batches.values())
