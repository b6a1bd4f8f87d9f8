"""The Job that Dagster's Kubernetes launcher posts for a run, with the instance that the chart renders."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from typing_extensions import override

from babynames_dagster_tests.deploy.deployment import CHART, one_of, ran, rendered

JOBS = "/apis/batch/v1/namespaces/pipelines/jobs"


@contextmanager
def api_server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Answer one call of Kubernetes' API, the one that makes a Job, and keep what was asked for."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == JOBS:
                posted.append(asked)
            self.send_response(201 if self.path == JOBS else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(asked).encode())

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", posted
        server.shutdown()


@pytest.mark.parametrize("values", [None, CHART / "ci" / "browser.yaml"], ids=["slim", "browser"])
def test_the_posted_job_is_valid_and_hardened(
    values: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = yaml.safe_load(one_of(rendered(values), "ConfigMap")["data"]["dagster.yaml"])
    with api_server() as (address, posted):
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(_kubeconfig(address)), encoding="utf-8")
        # What differs from a cluster: where Dagster keeps its records and files, how it finds the API, and that no
        # daemon has to take the run off the queue.
        for key in ("storage", "local_artifact_storage", "concurrency"):
            del instance[key]
        instance["run_launcher"]["config"] |= {"load_incluster_config": False, "kubeconfig_file": str(kubeconfig)}
        instance["run_coordinator"] = {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"}
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(instance), encoding="utf-8")
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
        launched = ran("dagster", "job", "launch", "-m", "babynames_dagster.definitions", "-j", "hubspot_sync")
        assert launched.returncode == 0, launched.stderr
    [job] = posted
    manifest = tmp_path / "job.yaml"
    manifest.write_text(yaml.safe_dump({"apiVersion": "batch/v1", "kind": "Job", **job}), encoding="utf-8")
    for version in ("1.32", "1.37"):
        checked = ran("kubernetes-validate", "--strict", "-k", version, manifest)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    # No command: the image's entry point, which brings the secrets, stays in place.
    assert "command" not in container
    assert container["args"][:3] == ["dagster", "api", "execute_run"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsUser"] == 10001
    assert not pod["automountServiceAccountToken"]
    assert {"/run/secrets", "/data", "/data/dagster", "/tmp"} <= {  # noqa: S108 - in a pod
        mount["mountPath"] for mount in container["volumeMounts"]
    }
    assert job["spec"]["ttlSecondsAfterFinished"] == 86400
    assert job["spec"]["backoffLimit"] == 0
    if values is None:
        assert container["image"].endswith("-slim")
        assert {"name": "KAGGLE_METHOD", "value": "api"} in container["env"]
    else:
        assert container["image"] == "registry.example.com:5000/data/babynames:1.2.3-worker"
        assert container["securityContext"]["seccompProfile"]["type"] == "Localhost"
        assert pod["imagePullSecrets"] == [{"name": "registry"}]
        assert {"/dev/shm", "/data/downloads"} <= {mount["mountPath"] for mount in container["volumeMounts"]}  # noqa: S108


def _kubeconfig(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": address}}],
        "users": [{"name": "me", "user": {"token": "made-up"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "current-context": "here",
    }
