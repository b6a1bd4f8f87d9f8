"""The figures for Prometheus: true, well named, cheap, and there when a source is not."""

import subprocess
import time

import dagster as dg
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.ledger.candidates import ContactScope
from babynames_dagster.hubspot.api.opening import app_digest
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.orchestration.assets.partitions import DRY_RUN_TAG
from babynames_dagster.orchestration.automation.jobs import SYNC_JOB
from babynames_dagster.orchestration.metrics.collector import Account, PipelineCollector
from babynames_dagster_tests.deploy.deployment import PROMTOOL
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(collector: PipelineCollector) -> Samples:
    registry = CollectorRegistry()
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (sample, found), value in samples.items() if sample == name and wanted <= set(found))


@pytest.fixture
def account(engine: Engine, stand_in: StandIn) -> Account:
    settings = stand_in.settings(engine)
    return Account(
        app_digest(settings.account), NameMapping.from_settings(settings.hubspot).contacts.fingerprint, ContactScope()
    )


@pytest.fixture
def collector(engine: Engine, instance: dg.DagsterInstance, account: Account) -> PipelineCollector:
    return PipelineCollector(engine, instance, account)


def test_contacts_and_calls_are_those_of_the_ledger_and_the_stand_in(
    engine: Engine, stand_in: StandIn, collector: PipelineCollector
) -> None:
    add_names(engine, 250, initials=["A", "B"])
    sync(engine, stand_in)
    add_names(engine, 30, initials=["C"], first=1000)

    samples = scrape(collector)

    assert total(samples, "babynames_contacts", outcome="synced", partition="A") == 125
    assert total(samples, "babynames_contacts") == 250
    assert total(samples, "babynames_contacts_to_send", partition="C") == 30
    calls = stand_in.stats()["requests"]
    assert total(samples, "babynames_hubspot_calls_total") == calls
    assert total(samples, "babynames_hubspot_answer_seconds_count") == calls
    assert total(samples, "babynames_hubspot_calls_refused_total") == 0
    assert total(samples, "babynames_database_up") == total(samples, "babynames_dagster_up") == 1


def test_refused_calls_are_counted_across_runs(engine: Engine, stand_in: StandIn, collector: PipelineCollector) -> None:
    add_names(engine, 300)
    stand_in.set_faults({"kind": "rate_limit", "times": 2, "retry_after": 0})
    sync(engine, stand_in)
    add_names(engine, 100, first=1000)
    sync(engine, stand_in)

    samples = scrape(collector)

    assert total(samples, "babynames_hubspot_calls_refused_total") == 2
    assert total(samples, "babynames_hubspot_calls_total") == stand_in.stats()["requests"]


def test_runs_are_counted_by_state(collector: PipelineCollector, instance: dg.DagsterInstance) -> None:
    @dg.job(name=SYNC_JOB)
    def job() -> None:
        pass

    assert job.execute_in_process(instance=instance).success
    began = time.time()
    assert job.execute_in_process(instance=instance, tags={DRY_RUN_TAG: "true"}).success
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)

    samples = scrape(collector)

    assert total(samples, "babynames_runs", state="success") == 2
    assert total(samples, "babynames_runs", state="started") == 1
    assert abs(total(samples, "babynames_oldest_run_timestamp_seconds", state="started") - began) < 60
    assert (
        began - 60 < total(samples, "babynames_last_success_timestamp_seconds", job=SYNC_JOB) < began
    )  # not the dry one


def test_a_database_that_is_gone_is_down_and_the_rest_is_reported(
    mariadb_url: str, instance: dg.DagsterInstance
) -> None:
    address = make_url(mariadb_url).set(port=1)
    engine = open_engine(address)

    samples = scrape(PipelineCollector(engine, instance, None))

    engine.dispose()
    assert total(samples, "babynames_database_up") == 0
    assert total(samples, "babynames_dagster_up") == 1


def test_promtool_finds_nothing_to_complain_of(engine: Engine, stand_in: StandIn, collector: PipelineCollector) -> None:
    add_names(engine, 10)
    sync(engine, stand_in)
    registry = CollectorRegistry()
    registry.register(collector)

    checked = subprocess.run(  # noqa: S603 - a program of this machine
        [PROMTOOL, "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
