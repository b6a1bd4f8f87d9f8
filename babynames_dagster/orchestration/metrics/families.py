"""The metrics: their names, units and types, by Prometheus' conventions.

What belongs here: turning figures into samples. What does not: reading the figures (`collector.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from babynames_dagster.database.figures import ContactCount, LoadCount
from babynames_dagster.database.loading.loads import LoadRow
from babynames_dagster.database.rate_limits import ANSWER_SECONDS, PacingRow
from babynames_dagster.orchestration.metrics.queue import QueueFigures
from babynames_dagster.orchestration.metrics.runs import RunFigures

_APP_SHOWN = 12


def up(name: str, of: str, *, is_up: bool) -> Metric:
    """Return whether one of the sources answers."""
    return GaugeMetricFamily(f"babynames_{name}_up", f"Whether {of} answers", value=float(is_up))


def contact_families(counts: Sequence[ContactCount]) -> Iterator[Metric]:
    """Return the ledger by portal, source, partition and outcome."""
    contacts = GaugeMetricFamily(
        "babynames_contacts",
        "Contacts of the ledger by their last outcome",
        labels=["portal", "sync", "partition", "outcome"],
    )
    for count in counts:
        contacts.add_metric([str(count.portal_id), count.sync, count.partition, count.outcome], count.contacts)
    yield contacts


def work_families(portal: int, work: Mapping[str, int]) -> Iterator[Metric]:
    """Return what a sync would send."""
    to_send = GaugeMetricFamily(
        "babynames_contacts_to_send",
        "Contacts that a sync would send: never sent, failed, or mapped otherwise",
        labels=["portal", "partition"],
    )
    for partition, contacts in work.items():
        to_send.add_metric([str(portal), partition], contacts)
    yield to_send


def load_families(counts: Sequence[LoadCount], finished: Sequence[LoadRow]) -> Iterator[Metric]:
    """Return the loads: how many in each state, and the last finished one of each table."""
    states = GaugeMetricFamily("babynames_loads", "Loads by table and state", labels=["table", "state"])
    for count in counts:
        states.add_metric([count.target, count.state], count.loads)
    rows = GaugeMetricFamily(
        "babynames_last_load_rows", "Rows of the last finished load by what became of them", labels=["table", "rows"]
    )
    seconds = GaugeMetricFamily(
        "babynames_last_load_duration_seconds", "Seconds from the load's start to its end", labels=["table"]
    )
    ended = GaugeMetricFamily(
        "babynames_last_load_finished_timestamp_seconds", "When the last finished load ended", labels=["table"]
    )
    in_table = GaugeMetricFamily("babynames_table_rows", "Rows of the table after that load", labels=["table"])
    for load in finished:
        for name, count in asdict(load.rows).items():
            rows.add_metric([load.target, name], count)
        if load.table_rows is not None:
            in_table.add_metric([load.target], load.table_rows)
        if load.finished_at is not None:
            seconds.add_metric([load.target], (load.finished_at - load.started_at).total_seconds())
            ended.add_metric([load.target], _timestamp(load.finished_at))
    yield from (states, rows, seconds, ended, in_table)


def limiter_families(rows: Mapping[str, PacingRow], now: float) -> Iterator[Metric]:
    """Return the pacing of each app, and its calls of all processes.

    Args:
        rows: The pacing state by app.
        now: The database's clock, in seconds since 1970.
    """
    labels = ["app", "portal"]
    used = GaugeMetricFamily("babynames_hubspot_window_calls", "Calls within the last window", labels=labels)
    allowed = GaugeMetricFamily("babynames_hubspot_window_limit", "Calls that a window allows", labels=labels)
    window = GaugeMetricFamily("babynames_hubspot_window_seconds", "Length of the window", labels=labels)
    daily = GaugeMetricFamily(
        "babynames_hubspot_daily_calls_left", "Calls that the day had left, as HubSpot said last", labels=labels
    )
    paused = GaugeMetricFamily("babynames_hubspot_pause_seconds", "Seconds for which calls stand still", labels=labels)
    made = CounterMetricFamily("babynames_hubspot_calls", "Calls that were answered, or broke off", labels=labels)
    refused = CounterMetricFamily("babynames_hubspot_calls_refused", "Calls refused (429)", labels=labels)
    answers = HistogramMetricFamily("babynames_hubspot_answer_seconds", "How long answers took", labels=labels)
    for app, row in rows.items():
        which = [app[:_APP_SHOWN], str(row.portal_id or "unknown")]
        used.add_metric(which, sum(now - row.window_seconds < call <= now for call in row.calls))
        allowed.add_metric(which, row.calls_per_window)
        window.add_metric(which, row.window_seconds)
        if row.daily_remaining is not None:
            daily.add_metric(which, row.daily_remaining)
        paused.add_metric(which, max(0.0, row.paused_until - now))
        made.add_metric(which, sum(row.answer_times.counts))
        refused.add_metric(which, row.calls_refused)
        answers.add_metric(which, _cumulated(row.answer_times.counts), row.answer_times.total)
    yield from (used, allowed, window, daily, paused, made, refused, answers)


def run_families(figures: RunFigures) -> Iterator[Metric]:
    """Return Dagster's runs and daemons."""
    runs = GaugeMetricFamily("babynames_runs", "Dagster's runs by state", labels=["state"])
    for state, count in figures.by_state.items():
        runs.add_metric([state], count)
    oldest = GaugeMetricFamily(
        "babynames_oldest_run_timestamp_seconds",
        "When the oldest run that is in this state was created",
        labels=["state"],
    )
    for state, moment in figures.oldest.items():
        oldest.add_metric([state], moment)
    success = GaugeMetricFamily(
        "babynames_last_success_timestamp_seconds", "When the last successful run of the job ended", labels=["job"]
    )
    for job, moment in figures.last_success.items():
        success.add_metric([job], moment)
    heartbeat = GaugeMetricFamily(
        "babynames_daemon_heartbeat_timestamp_seconds",
        "When Dagster's daemon last said that it is there",
        labels=["daemon"],
    )
    for daemon, moment in figures.heartbeats.items():
        heartbeat.add_metric([daemon], moment)
    yield from (runs, oldest, success, heartbeat)


def queue_families(figures: QueueFigures) -> Iterator[Metric]:
    """Return what the workers' heartbeats say."""
    runs = GaugeMetricFamily("babynames_worker_runs", "Active runs of the queue by their worker", labels=["worker"])
    runs.add_metric(["heard"], figures.heard)
    runs.add_metric(["silent"], figures.silent)
    yield runs


def _cumulated(counts: Sequence[int]) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, count in zip((*map(str, ANSWER_SECONDS), "+Inf"), counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets


def _timestamp(moment: datetime) -> float:
    return moment.replace(tzinfo=timezone.utc).timestamp()
