"""What the UI shows of a sync: of each partition, and of the run."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from babynames_dagster.hubspot.archive.archiving import ArchiveReport
from babynames_dagster.hubspot.sync.report import ContactCounts, PartitionReport, Reject, SyncReport, Troubles
from babynames_dagster.orchestration.assets.contacts.config import DRY_RUN_KEY
from babynames_dagster.orchestration.io_managers.files import WARNING_KEY

REJECTS_SHOWN = 10
PREVIEW_PROPERTIES = ("email", "firstname", "lastname")
_PREVIEWED = 5
"""Properties that are shown where those are not all there."""
SHARE_SECONDS = 60.0
"""A run that took less has no `share_of_ceiling`."""


def partition_metadata(report: PartitionReport, run: SyncReport) -> dict[str, Any]:
    """Return what the UI shows of one partition: its own counts, the account's, and what the run did in its span.

    There is no rate where nothing was sent: 0 would look slow in a plot.

    Args:
        report: The partition.
        run: The run that it is part of.
    """
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": report.contacts,
        **_account_metadata(run),
        **_count_metadata(report),
        **({"contacts_same_already": report.same} if report.same else {}),
        **({"contacts_shared": run.shared} if run.shared is not None else {}),
        "seconds": round(report.span.seconds, 3),
        "requests": report.span.requests,
        "waited_seconds": round(report.span.waited_seconds, 3),
    }
    if report.contacts_per_second is not None:
        metadata["contacts_per_second"] = round(report.contacts_per_second, 1)
    if report.preview:
        rows = [dg.TableRecord(_previewed(contact)) for contact in report.preview]
        metadata["preview"] = dg.MetadataValue.table(rows)
    return {**metadata, **_troubles_metadata(report.troubles)}


def sync_counts(report: SyncReport) -> dict[str, int | None]:
    """Return a run's counts by the names that metadata, summary and `--json` have for them; None where not known."""
    return {
        **_count_metadata(report.total),
        "contacts_same_already": report.total.same,
        "contacts_shared": report.shared,
        "contacts_orphaned": report.orphaned,
        "requests": report.requests,
        "rate_limited": report.rate_limited,
    }


def whole_metadata(report: SyncReport) -> dict[str, Any]:
    """Return what the UI shows of an asset without partitions: the run's figures, and a look at its contacts."""
    (counts,) = report.by_partition.values()
    metadata = {**partition_metadata(counts, report), **run_metadata(report)}
    metadata["dagster/row_count"] = metadata.pop("dagster/partition_row_count")
    return metadata


def run_metadata(report: SyncReport) -> dict[str, Any]:
    """Return what the UI shows of the run as a whole, whose requests carry several partitions at once."""
    warning = " ".join(filter(None, (report.notice, report.troubles.left_alone)))
    return {
        **_account_metadata(report),
        DRY_RUN_KEY: report.dry_run,
        **({WARNING_KEY: warning} if warning else {}),
        **{name: count for name, count in sync_counts(report).items() if count is not None},
        "waited_seconds": round(report.waited_seconds, 3),
        **_share_metadata(report),
        "seconds": round(report.seconds, 3),
        **_mirror_metadata(report.mirrored),
        **_troubles_metadata(report.troubles),
    }


def _previewed(contact: Mapping[str, str]) -> dict[str, str]:
    """Return what a preview shows of a contact: a table of Dagster's has the same columns in each row."""
    shown = PREVIEW_PROPERTIES if contact.keys() >= {*PREVIEW_PROPERTIES} else [*contact][:_PREVIEWED]
    return {name: contact[name] for name in shown}


def _mirror_metadata(mirrored: ArchiveReport | None) -> dict[str, Any]:
    """Return what became of the contacts that HUBSPOT_MIRROR archives."""
    if mirrored is None:
        return {}
    metadata: dict[str, Any] = {
        "orphans_archived": mirrored.archived,
        "orphans_kept": mirrored.kept.total(),
        "orphans_failed": mirrored.failed,
    }
    if mirrored.first_kept:
        kept = [dg.TableRecord({"contact": str(item)}) for item in mirrored.first_kept[:REJECTS_SHOWN]]
        metadata["first_orphans_kept"] = dg.MetadataValue.table(kept)
    return metadata


def _account_metadata(run: SyncReport) -> dict[str, Any]:
    """Return what became of the account's contacts, in this run and in all of them, and where people see them."""
    total, ledger = run.total, run.ledger
    rows = [
        ("in HubSpot as in the table", total.acknowledged + total.unchanged, ledger.get("synced", 0)),
        ("  of these, created", total.created, None),
        ("  of these, updated", total.updated, None),
        ("  of these, unchanged since an earlier run", total.unchanged, None),
        ("left as they are (HUBSPOT_WRITE_POLICY, or somebody's by now)", total.kept, ledger.get("kept", 0)),
        ("rejected", total.rejected, ledger.get("rejected", 0)),
        ("failed, sent again by the next run", total.failed, ledger.get("failed", 0)),
        ("archived by undo", total.archived, ledger.get("archived", 0)),
        ("not reached", total.unsent, None),
    ]
    would = " (dry run: what it would do)" if run.dry_run else ""
    records = [
        dg.TableRecord(
            {
                "contacts": label,
                f"this run{would}": count,
                "ever": "" if ever is None or not ledger else ever,
            }
        )
        for label, count, ever in rows
    ]
    metadata: dict[str, Any] = {"account": dg.MetadataValue.table(records)}
    if run.portal_id is not None:
        metadata["portal_id"] = str(run.portal_id)
    if run.contacts_page is not None:
        metadata["contacts"] = dg.MetadataValue.url(run.contacts_page)
    return metadata


def _share_metadata(run: SyncReport) -> dict[str, float]:
    """Return the share of what HubSpot's limit allows; of a short run it would say nothing.

    A rolling window lets its first calls go at once, so that the first seconds are above what the limit allows over
    time.
    """
    if run.achieved_share is None or run.seconds < SHARE_SECONDS:
        return {}
    return {"share_of_ceiling": round(min(1.0, run.achieved_share), 4)}


def _count_metadata(counts: ContactCounts) -> dict[str, int]:
    return {
        "contacts_created": counts.created,
        "contacts_updated": counts.updated,
        "contacts_unchanged": counts.unchanged,
        "contacts_kept": counts.kept,
        "contacts_rejected": counts.rejected,
        "contacts_failed": counts.failed,
        "contacts_archived": counts.archived,
        "contacts_unsent": counts.unsent,
    }


def _troubles_metadata(troubles: Troubles) -> dict[str, Any]:
    tables = {
        "first_rejects": troubles.first_rejects,
        "first_failures": troubles.first_failures,
        "first_left_alone": troubles.first_left,
    }
    return {name: dg.MetadataValue.table(_records(rejects)) for name, rejects in tables.items() if rejects}


def _records(rejects: Sequence[Reject]) -> list[dg.TableRecord]:
    return [
        dg.TableRecord(
            {
                "email": reject.email,
                "category": reject.category,
                "message": reject.message[:300],
                "correlation_id": reject.correlation_id or "",
            }
        )
        for reject in rejects[:REJECTS_SHOWN]
    ]


SYNC_COUNTS = tuple(sync_counts(SyncReport(None, dry_run=False, by_partition={})))
"""The names of a run's counts."""
