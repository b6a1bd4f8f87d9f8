"""The Helm chart: what it renders is valid and hardened, and its schema refuses mistakes."""

import tarfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.deploy.deployment import CHART, DEPLOY, loaded, one_of, ran, rendered

VALUES = [None, *sorted((CHART / "ci").glob("*.yaml"))]
KUBERNETES = ["1.32", "1.37"]
OPERATOR = "monitoring.coreos.com/"
"""The kinds of Prometheus' operator, which Kubernetes itself does not know."""


def _id(values: Path | None) -> str:
    return values.stem if values else "defaults"


@pytest.mark.parametrize("values", VALUES, ids=_id)
def test_the_chart_passes_helms_lint(values: Path | None) -> None:
    given = ["--values", str(values)] if values else []
    linted = ran("helm", "lint", "--strict", CHART, *given)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("values", VALUES, ids=_id)
def test_kubernetes_knows_every_field_of_what_the_chart_renders(values: Path | None, tmp_path: Path) -> None:
    manifests = tmp_path / "manifests.yaml"
    own = [manifest for manifest in rendered(values) if not manifest["apiVersion"].startswith(OPERATOR)]
    manifests.write_text(yaml.safe_dump_all(own), encoding="utf-8")
    for version in KUBERNETES:
        checked = ran("kubernetes-validate", "--strict", "-k", version, manifests)
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("imagee.tag=1", "imagee"),
        ("run.maxConcurrentRuns=0", "maxConcurrentRuns"),
        ("run.resources.limits.memory=plenty", "memory"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("image.repository=registry/babynames:1.2.3", "repository"),
        ("existingSecret=", "existingSecret"),
        ("settings.HUBSPOT_ACCESS_TOKEN=pat-1", "HUBSPOT_ACCESS_TOKEN"),
        ("settings.DB_PASSWORD=secret", "DB_PASSWORD"),
        ("webserver.ingress.enabled=true", "webserver.ingress.host"),
        ("metrics.serviceMonitor.interval=often", "interval"),
        ("metrics.enabled=false,metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.enabled"),
        ("serviceAccount.create=false", "serviceAccount.name"),
    ],
)
def test_a_wrong_value_is_refused_by_name(mistake: str, named: str) -> None:
    refused = ran("helm", "template", "release", CHART, "--set", mistake)
    assert refused.returncode != 0
    assert named in refused.stderr


@pytest.mark.parametrize("values", VALUES, ids=_id)
def test_every_container_is_hardened_and_probed(values: Path | None) -> None:
    for manifest in rendered(values):
        for pod in _pods(manifest):
            assert pod["securityContext"]["runAsNonRoot"]
            [container] = pod["containers"]
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"]
            assert not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert "env" not in container or not [item for item in container["env"] if "PASSWORD" in item["name"]]
            if manifest["kind"] == "Deployment":
                assert container["livenessProbe"]
                assert container["startupProbe"]


def test_the_migration_and_what_it_reads_come_before_the_rest() -> None:
    manifests = rendered()
    migration = one_of(manifests, "Job", "release-babynames-migrate")["metadata"]["annotations"]
    instance = one_of(manifests, "ConfigMap")["metadata"]["annotations"]
    assert migration["helm.sh/hook"] == instance["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert int(instance["helm.sh/hook-weight"]) < int(migration["helm.sh/hook-weight"])


def test_only_what_starts_and_ends_jobs_gets_a_token_of_the_cluster() -> None:
    with_token = {
        manifest["metadata"]["name"]
        for manifest in rendered()
        for pod in _pods(manifest)
        if pod["automountServiceAccountToken"]
    }
    assert with_token == {"release-babynames-daemon", "release-babynames-webserver"}


def test_the_settings_reach_the_code_and_its_runs() -> None:
    manifests = rendered(CHART / "ci" / "browser.yaml")
    [pod] = _pods(one_of(manifests, "Deployment", "release-babynames-code"))
    code = {item["name"]: item["value"] for item in pod["containers"][0]["env"]}
    assert code["HUBSPOT_EMAIL_DOMAIN"] == "example.com"
    assert code["DEMO_MODE"] == "true"
    assert set(code) - {"DAGSTER_CURRENT_IMAGE"} <= set(VARIABLES)
    instance = yaml.safe_load(one_of(manifests, "ConfigMap")["data"]["dagster.yaml"])
    run = instance["run_launcher"]["config"]["run_k8s_config"]["container_config"]
    assert {item["name"]: item["value"] for item in run["env"]} == {
        name: value for name, value in code.items() if name != "DAGSTER_CURRENT_IMAGE"
    }


def test_dagster_knows_the_daemons_probe_as_it_is_written() -> None:
    [pod] = _pods(one_of(rendered(), "Deployment", "release-babynames-daemon"))
    [container] = pod["containers"]
    probe = container["livenessProbe"]["exec"]["command"]
    assert probe == container["startupProbe"]["exec"]["command"]
    assert probe[0] == "with-secrets"
    known = ran(*probe[1:], "--help")
    assert known.returncode == 0, known.stderr


def test_the_instance_queues_and_repeats_runs_as_the_packages_own_does() -> None:
    own = resources.files("babynames_dagster.orchestration") / "dagster.yaml"
    packaged = yaml.safe_load(own.read_text(encoding="utf-8"))
    instance = yaml.safe_load(one_of(rendered(), "ConfigMap")["data"]["dagster.yaml"])
    packaged["run_monitoring"]["start_timeout_seconds"] = 600  # a pod's image may have to be pulled
    assert {key: instance[key] for key in packaged} == packaged


def test_nothing_of_prometheus_operator_is_made_unless_asked_for() -> None:
    assert not [manifest for manifest in rendered() if manifest["apiVersion"].startswith(OPERATOR)]


def test_the_exporter_is_left_out_where_it_is_switched_off() -> None:
    assert not [item for item in rendered(CHART / "ci" / "plain.yaml") if "metrics" in item["metadata"]["name"]]


def test_the_service_monitor_finds_the_exporter() -> None:
    manifests = rendered(CHART / "ci" / "metrics.yaml")
    monitor = one_of(manifests, "ServiceMonitor")
    service = one_of(manifests, "Service", "release-babynames-metrics")
    [pod] = _pods(one_of(manifests, "Deployment", "release-babynames-metrics"))
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["spec"]["endpoints"]
    [port] = service["spec"]["ports"]
    [container] = pod["containers"]
    assert endpoint["port"] == port["name"]
    assert {"name": port["targetPort"], "containerPort": int(container["args"][-1])} in container["ports"]
    [allowed] = one_of(manifests, "NetworkPolicy", "release-babynames-metrics")["spec"]["ingress"]
    assert allowed["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_the_alerts_are_those_that_prometheus_own_tools_test(tmp_path: Path) -> None:
    spec = one_of(rendered(CHART / "ci" / "metrics.yaml"), "PrometheusRule")["spec"]
    assert spec == loaded(DEPLOY / "prometheus" / "rules.yaml")
    packaged = ran("helm", "package", CHART, "--destination", tmp_path)
    assert packaged.returncode == 0, packaged.stderr
    [archive] = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as chart:
        rules = chart.extractfile("babynames/rules.yaml")
        assert rules is not None
        assert yaml.safe_load(rules) == spec


def _pods(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if manifest["kind"] in ("Deployment", "Job"):
        yield manifest["spec"]["template"]["spec"]
