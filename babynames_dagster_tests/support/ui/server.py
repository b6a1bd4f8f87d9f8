"""Dagster's UI over a sandbox of its own, and a browser to use it with: for the UI's tests and for the screenshots.

What belongs here: starting and ending servers and browser, and asking the server what is going on. What does not:
which pages there are and what must be on them.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import requests
from playwright.sync_api import Browser, sync_playwright

from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.support.servers.mariadb import free_port
from babynames_dagster_tests.support.stand_ins.sandbox import running_sandbox
from babynames_dagster_tests.support.waiting import wait_until

Result = TypeVar("Result")

_START_SECONDS = 120.0
_CHROMIUM_FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_RUNS = """
query ($filter: RunsFilter) {
  runsOrError(filter: $filter) { ... on Runs { results { runId status assets { key { path } } tags { key value } } } }
}
"""


class UIError(RuntimeError):
    """Dagster's server did not do what it was asked for."""


@dataclass(frozen=True)
class Run:
    """A run, as the server reports it.

    Attributes:
        run_id: Dagster's id.
        status: `QUEUED`, `STARTED`, `SUCCESS`, `FAILURE` and so on.
        assets: What it materialized so far.
        tags: Its tags.
    """

    run_id: str
    status: str
    assets: frozenset[str]
    tags: Mapping[str, str]

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass(frozen=True)
class DagsterUI:
    """A running `dagster dev` and what it works on.

    Attributes:
        url: Its address on loopback.
        environment: The variables of its process: they point the pipeline at its sandbox, and Dagster at its instance.
        database: The SQLite file of the names.
    """

    url: str
    environment: Mapping[str, str]
    database: Path

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Ask the server, as its own pages do.

        Args:
            query: GraphQL of Dagster's schema.
            variables: The query's variables.

        Raises:
            UIError: The query has errors.
        """
        answer = requests.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
        if answer.get("errors"):
            message = f"GraphQL failed: {answer['errors']}"
            raise UIError(message)
        data: dict[str, Any] = answer["data"]
        return data

    def runs(self, tags: Mapping[str, str]) -> list[Run]:
        """Return the runs that have all these tags, newest first."""
        data = self.graphql(_RUNS, filter={"tags": [{"key": key, "value": value} for key, value in tags.items()]})
        return [
            Run(
                run_id=found["runId"],
                status=found["status"],
                assets=frozenset(asset["key"]["path"][0] for asset in found["assets"]),
                tags={tag["key"]: tag["value"] for tag in found["tags"]},
            )
            for found in data["runsOrError"]["results"]
        ]


@contextmanager
def running_ui(folder: Path, *, dataset: Path | None = None) -> Iterator[DagsterUI]:
    """Serve the code location with `dagster dev`, against a sandbox, in a folder of its own.

    Args:
        folder: Holds the instance, the database, the downloads and the stand-ins' state.
        dataset: The file that Kaggle's stand-in serves; None for the made-up sample.

    Raises:
        UIError: It did not start.
    """
    database, downloads, home = folder / "names.db", folder / "downloads", folder / "dagster"
    downloads.mkdir(parents=True, exist_ok=True)
    home.mkdir()
    with resources.as_file(resources.files("babynames_dagster.orchestration") / "dagster.yaml") as packaged:
        shutil.copy(packaged, home)
    with running_sandbox(dataset=dataset, state=folder / "sandbox") as sandbox:
        environment = {
            **_without_settings(os.environ),
            **sandbox.environment,
            "DATABASE_URL": f"sqlite:///{database}",
            "DATA_DIR": str(folder),
            "DOWNLOAD_DIR": str(downloads),
            "DAGSTER_HOME": str(home),
        }
        with _dagster_dev(folder, environment, "-m", "babynames_dagster.definitions") as url:
            yield DagsterUI(url, environment, database)


@contextmanager
def running_chromium(program: Path | None) -> Iterator[Browser]:
    """Start a Chromium, or where none is named Playwright's own, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=_CHROMIUM_FLAGS,
            chromium_sandbox=os.geteuid() != 0,  # Chromium refuses to sandbox root
        )
        try:
            yield browser
        finally:
            browser.close()


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would point the pipeline at something of this machine."""
    ours = {*VARIABLES, CHOICE, "HUBSPOT_API_KEY", "DAGSTER_HOME"}
    return {name: value for name, value in environment.items() if name not in ours}


@contextmanager
def running_dagster_dev(folder: Path, extra: Mapping[str, str], *target: str) -> Iterator[str]:
    """Serve any code location with `dagster dev` in a folder, and yield the UI's address.

    Args:
        folder: The working folder.
        extra: Variables beside this process's, which are without any of the pipeline's.
        target: Options that name the code location.

    Raises:
        UIError: It did not start.
    """
    with _dagster_dev(folder, {**_without_settings(os.environ), **extra}, *target) as url:
        yield url


def launch_and_wait(url: str, job: str) -> None:
    """Launch a job through the UI's GraphQL, and wait until it has succeeded.

    Raises:
        UIError: It did not start or did not succeed in time.
    """
    ask = "query { repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
    served = DagsterUI(url, {}, Path())
    (repository,) = served.graphql(ask)["repositoriesOrError"]["nodes"]
    selector = {
        "repositoryName": repository["name"],
        "repositoryLocationName": repository["location"]["name"],
        "jobName": job,
    }
    launch = (
        "mutation($selector: JobOrPipelineSelector!) { launchRun(executionParams: {selector: $selector}) "
        "{ __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"
    )
    run = served.graphql(launch, selector=selector)["launchRun"]["run"]["runId"]
    status = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"

    def ended() -> bool:
        state = served.graphql(status, id=run)["runOrError"]["status"]
        if state in {"FAILURE", "CANCELED"}:
            message = f"the run ended as {state}"
            raise UIError(message)
        return bool(state == "SUCCESS")

    wait_until(ended, seconds=_START_SECONDS, what="the run to succeed")


@contextmanager
def _dagster_dev(folder: Path, environment: Mapping[str, str], *target: str) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = folder / "dagster-dev.log"
    # Sockets and the like; its path is short, because a socket's may have no more than 104 characters.
    with tempfile.TemporaryDirectory(prefix="bn-", ignore_cleanup_errors=True) as scratch, log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the console script beside this interpreter
            [
                str(Path(sys.executable).parent / "dagster"),
                "dev",
                *target,
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            cwd=folder,
            env={**environment, "TMPDIR": scratch},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until(lambda: _answers(url, process, log), seconds=_START_SECONDS, what="dagster dev to answer")
            yield url
        finally:
            # Its code servers, its daemon and runs under way are in its group. All that they could save goes anyway.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    if process.poll() is not None:
        message = f"dagster dev ended:\n{log.read_text(errors='replace')[-3000:]}"
        raise UIError(message)
    try:
        return requests.get(f"{url}/server_info", timeout=5).ok
    except requests.RequestException:
        return False
