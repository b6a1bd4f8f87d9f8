"""The asset checks of `hubspot_contacts`: ledger and table, ledger and account.

What belongs here: turning an answer of the domain into a passed or failed check. What does not: the questions
themselves, which `database/` and `hubspot/` ask; the checks of the file and the tables (`checks.py`).
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import dagster as dg

from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.orchestration.assets.hubspot_contacts import hubspot_contacts
from babynames_dagster.orchestration.assets.partitions import covered_partitions
from babynames_dagster.orchestration.resources.database import DatabaseResource
from babynames_dagster.orchestration.resources.files import FilesResource
from babynames_dagster.orchestration.resources.hubspot import HubSpotResource

if TYPE_CHECKING:
    from babynames_dagster.hubspot.reconcile.judging import Judged
    from babynames_dagster.hubspot.reconcile.sample import SampleComparison

REQUESTS_KEY = "requests"
"""Calls to HubSpot that a check made, in its metadata."""

SAMPLE_SIZE = 20
SHOWN = 10
_NAMED = 5


@dg.asset_check(asset=hubspot_contacts, description="Every name that the account is to have is accounted for.")
def ledger_matches_table(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, hubspot: HubSpotResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Compare ledger and table, partition by partition, for those that the run was about.

    Contacts whose name is gone are counted (`contacts_orphaned`): HUBSPOT_MIRROR says what becomes of them.
    """
    from babynames_dagster.database.ledger.candidates import ContactScope
    from babynames_dagster.database.ledger.comparison import ledger_vs_table
    from babynames_dagster.database.ledger.entries import rows_sharing_a_contact

    covered = covered_partitions(context.run.tags)
    scope = ContactScope.from_settings(hubspot.settings.hubspot)
    with files.failures(context.log), hubspot.client(database.engine) as client:
        compared = [row for row in ledger_vs_table(database.engine, client.portal_id, scope) if row.initial in covered]
        shared = rows_sharing_a_contact(database.engine, Ledger(client.portal_id, NAMES))
        requests = client.traffic.requests
    unsent = {row.initial: row.unsent for row in compared if row.unsent}
    metadata: dict[str, Any] = {
        "unsent": sum(unsent.values()),
        "contacts_orphaned": sum(row.without_name for row in compared),
        "rows_on_shared_records": shared,
        REQUESTS_KEY: requests,
    }
    if unsent:
        metadata["partitions"] = dg.MetadataValue.table(
            [dg.TableRecord({"partition": initial, "unsent": count}) for initial, count in unsent.items()]
        )
    return dg.AssetCheckResult(passed=not unsent, metadata=metadata)


@dg.asset_check(asset=hubspot_contacts, description="A sample read back from HubSpot is ours, and holds what we sent.")
def sample_reads_back(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, hubspot: HubSpotResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Read some acknowledged contacts and compare them property by property.

    What somebody has changed in HubSpot is a warning; an error is a contact that this run had acknowledged and that
    is not there.
    """
    from babynames_dagster.hubspot.reconcile.sample import compare_sample
    from babynames_dagster.names.contacts.source import NameSource

    with files.failures(context.log), hubspot.client(database.engine) as client:
        source = NameSource.from_settings(database.engine, hubspot.settings.hubspot)
        sample = compare_sample(client, database.engine, source, since=since_start(context), size=SAMPLE_SIZE)
        requests = client.traffic.requests
    return sample_result(context, sample, requests)


def since_start(context: dg.AssetCheckExecutionContext) -> datetime:
    """Return when a check's run began, in UTC as the tables keep it."""
    started = context.instance.get_run_stats(context.run.run_id).start_time or 0.0
    return datetime.fromtimestamp(started, timezone.utc).replace(tzinfo=None)


def sample_result(
    context: dg.AssetCheckExecutionContext, sample: "SampleComparison", requests: int
) -> dg.AssetCheckResult:
    """Return what a sample that was read back says about its asset.

    What somebody has changed in HubSpot is a warning; an error is a contact that this run had acknowledged and that
    is not there.

    Args:
        context: The check's.
        sample: What was read back.
        requests: Calls that it took.
    """
    shown = [*sample.lost, *sample.news]
    metadata: dict[str, Any] = {
        "compared": sample.compared,
        "unanswered": sample.unanswered,
        "differing": len(shown),
        REQUESTS_KEY: requests,
    }
    if not shown:
        return dg.AssetCheckResult(passed=True, metadata=metadata)
    metadata["differences"] = dg.MetadataValue.table([_record(item) for item in shown[:SHOWN]])
    said = _said([f"{_name(item)} {item.finding.value}: {item.detail}" for item in shown], len(shown))
    context.log.warning(said)
    severity = dg.AssetCheckSeverity.ERROR if sample.lost else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=False, severity=severity, metadata=metadata, description=said)


@dg.asset_check(asset=hubspot_contacts, description="`babynames reconcile` last found every contact as it should be.")
def contacts_reconciled(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, hubspot: HubSpotResource, files: FilesResource
) -> dg.AssetCheckResult:
    """Show what reconciling found last, partition by partition, for those that the run was about."""
    from babynames_dagster.database.ledger.findings import finding_counts, found_contacts, readings
    from babynames_dagster.hubspot.reconcile.judging import QUIET

    covered = covered_partitions(context.run.tags)
    with files.failures(context.log), hubspot.client(database.engine) as client:
        ledger = Ledger(client.portal_id, NAMES)
        counts = [row for row in finding_counts(database.engine, ledger) if row.partition in covered]
        loud = [finding for finding in Finding if finding not in QUIET]
        first = found_contacts(database.engine, ledger, loud, SHOWN, covered)
        read = readings(database.engine, ledger, covered)
        requests = client.traffic.requests
    if not counts:
        return dg.AssetCheckResult(passed=True, description=str(read), metadata={REQUESTS_KEY: requests})
    metadata: dict[str, Any] = {
        REQUESTS_KEY: requests,
        "read_at": f"{min(row.read_at for row in counts):%Y-%m-%d %H:%M} UTC",
        "partitions": dg.MetadataValue.table(
            [
                dg.TableRecord({"partition": row.partition, "found": row.finding.value, "contacts": row.contacts})
                for row in counts
            ]
        ),
    }
    if not first:
        return dg.AssetCheckResult(passed=True, metadata=metadata)
    metadata["first"] = dg.MetadataValue.table(
        [
            dg.TableRecord(
                {"email": row.email, "record": row.hubspot_id, "found": row.finding.value, "what": row.detail}
            )
            for row in first
        ]
    )
    found = sum(row.contacts for row in counts if row.finding in loud)
    said = _said([f"{row.email} {row.finding.value}: {row.detail}" for row in first], found)
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, metadata=metadata, description=said)


def _record(item: "Judged") -> dg.TableRecord:
    changed = {"property": "", "ours": "", "theirs": item.detail}
    if item.differences:
        first = item.differences[0]
        changed = {"property": first.property, "ours": first.ours, "theirs": first.theirs or ""}
    return dg.TableRecord({"name": _name(item), "email": item.row.email, "found": item.finding.value, **changed})


def _name(item: "Judged") -> str:
    return item.row.source.label if item.row.source else item.row.email


def _said(lines: Sequence[str], found: int) -> str:
    """Name the first contacts, and say how many more there are of all that were found."""
    named = lines[:_NAMED]
    more = [f"and {found - len(named):,} more"] if found > len(named) else []
    return "; ".join([*named, *more])


HUBSPOT_CHECKS = [ledger_matches_table, sample_reads_back, contacts_reconciled]
