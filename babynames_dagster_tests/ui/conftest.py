"""One `dagster dev` for all tests of the UI, asked at the start for all that takes long.

Dagster's daemon looks for backfills only every 30 s, and one that covers the whole graph takes two runs. So the
work is started here, and each test waits only for the part of it that it looks at.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from babynames_dagster_tests.support.pipeline import write_csv
from babynames_dagster_tests.support.ui.pages import LOCATION, materialize_all, switch_sensor_on
from babynames_dagster_tests.support.ui.server import DagsterUI, Run, running_chromium, running_ui
from babynames_dagster_tests.support.waiting import wait_until

SENSOR = "new_file"
DROPPED_ROWS = [(2020, "Aaliyah", "F", 12), (2020, "Bodhi", "M", 11), (2020, "Zendaya", "F", 10)]
PATIENCE = 150.0
"""Seconds to wait for runs: the machine may be busy with other tests."""

_TICKS = """
query ($sensor: SensorSelector!) {
  sensorOrError(sensorSelector: $sensor) { ... on Sensor { sensorState { ticks(limit: 20) { status runIds } } } }
}
"""
_BACKFILLS = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id } } } }"


@dataclass(frozen=True)
class Work:
    """What the UI was asked to do, all of it under way.

    Attributes:
        ui: The server.
        backfill: Id of the backfill that "Materialize all" launched.
    """

    ui: DagsterUI
    backfill: str

    def sensor_run(self) -> Run:
        """Wait for the run that the sensor started for the dropped file, and return it."""
        (run,) = self._ended({"dagster/sensor_name": SENSOR}, 1, "the sensor's run")
        return run

    def sensor_runs(self) -> list[Run]:
        """Return all runs that the sensor started so far."""
        return self.ui.runs({"dagster/sensor_name": SENSOR})

    def next_tick_after(self, run: Run) -> None:
        """Wait until the sensor has looked at the folder again after it started a run."""
        sensor = {"repositoryLocationName": LOCATION, "repositoryName": "__repository__", "sensorName": SENSOR}

        def ticked() -> bool:
            ticks = self.ui.graphql(_TICKS, sensor=sensor)["sensorOrError"]["sensorState"]["ticks"]
            ended = [tick["runIds"] for tick in ticks if tick["status"] != "STARTED"]  # the latest first
            return any(run.run_id in started for started in ended[1:])

        wait_until(ticked, seconds=PATIENCE, what="the sensor's next tick")

    def backfill_runs(self) -> list[Run]:
        """Wait for all runs of the backfill, and return them, the latest first."""
        return self._ended({"dagster/backfill": self.backfill}, 2, "the runs of Materialize all")

    def tables_loaded(self) -> None:
        """Wait until nothing is loaded into the tables any more."""
        self._ended({"dagster/backfill": self.backfill}, 1, "the first run of Materialize all")
        self.sensor_run()

    def table_rows(self) -> int:
        """Count the names in the database."""
        with closing(sqlite3.connect(self.ui.database)) as database:
            count: int = database.execute("SELECT count(*) FROM baby_names").fetchone()[0]
        return count

    def _ended(self, tags: dict[str, str], count: int, what: str) -> list[Run]:
        def ended() -> list[Run]:
            return [run for run in self.ui.runs(tags) if run.ended]

        wait_until(lambda: len(ended()) >= count, seconds=PATIENCE, what=what)
        return ended()


@pytest.fixture(scope="package")
def browser(chromium: Path) -> Iterator[Browser]:
    """A browser of its own, gone with this package: Playwright keeps an event loop in the main thread."""
    with running_chromium(chromium) as running:
        yield running


@pytest.fixture(scope="package")
def work(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    """A server with a file in its drop folder, the sensor on, and the whole graph being materialized."""
    folder = tmp_path_factory.mktemp("ui")
    downloads = folder / "downloads"
    downloads.mkdir()
    # While the server starts, the file comes to count as written to its end.
    write_csv(downloads / "dropped.csv", DROPPED_ROWS)
    with running_ui(folder) as ui:
        page = browser.new_page()
        materialize_all(page, ui.url)
        switch_sensor_on(page, ui.url, SENSOR)
        page.close()
        (backfill,) = ui.graphql(_BACKFILLS)["partitionBackfillsOrError"]["results"]
        yield Work(ui, backfill["id"])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that knows nothing of those before it."""
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    yield context.new_page()
    context.close()
