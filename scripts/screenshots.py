#!/usr/bin/env python
"""Take the documents' pictures of Dagster's UI, after one run of the whole graph over the sample.

`make screenshots` runs this; the pictures go to docs/images/.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from babynames_dagster.kaggle.browser.program import find_chromium
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.ui.pages import LINEAGE, SECONDS, asset_page, metadata_value, open_page
from babynames_dagster_tests.support.ui.server import DagsterUI, running_chromium, running_ui

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1400, 850
SCALES = {"lineage": 1.4, "asset-table": 0.7, "years-chart": 2.0}
"""Pixels of the picture for one of the page, where it isn't 1: less shows more of the page, more is sharper."""

LOOKS = 20

Camera = Callable[[], bytes]


def main() -> None:
    """Run the graph, then take each picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bn-ui-") as folder, running_ui(Path(folder)) as ui:
        materialize(ui)
        with running_chromium(find_chromium(load_settings().kaggle.chromium_path)) as browser:
            for name, point_at in PICTURES.items():
                with plain_page(browser, SCALES.get(name, 1.0)) as page:
                    picture = settled(page, point_at(page, ui))
                (IMAGES / f"{name}.png").write_bytes(picture)
                print(f"docs/images/{name}.png: {len(picture):,} bytes")  # noqa: T201 - what the user waits for


def materialize(ui: DagsterUI) -> None:
    """Run all four assets over all partitions, in one run."""
    subprocess.run(  # noqa: S603 - the console script beside this interpreter
        [
            str(Path(sys.executable).parent / "dagster"),
            *("asset", "materialize", "-m", "babynames_dagster.definitions"),
            *("--select", "*", "--partition-range", "A...other"),
        ],
        env=dict(ui.environment),
        cwd=ui.database.parent,
        check=True,
        capture_output=True,
    )


@contextmanager
def plain_page(browser: Browser, scale: float) -> Iterator[Page]:
    """Open a page that fills a picture of WIDTH x HEIGHT, or of more than that where it is drawn larger."""
    enlarged = min(scale, 1.0)
    context = browser.new_context(
        viewport={"width": round(WIDTH / enlarged), "height": round(HEIGHT / enlarged)},
        device_scale_factor=scale,
        locale="en-US",
        timezone_id="UTC",
    )
    yield context.new_page()
    context.close()


def settled(page: Page, camera: Camera) -> bytes:
    """Take a picture again and again until two in a row are the same: then everything is loaded and at rest."""
    page.evaluate("document.fonts.ready")
    before = camera()
    for _ in range(LOOKS):
        after = camera()
        if after == before:
            return after
        before = after
    return before


def fold_navigation(page: Page) -> None:
    """Fold the navigation away, so that the page itself fills the picture; the UI remembers that."""
    page.get_by_role("button", name="Hide navigation").click()
    page.reload()


def drag(page: Page, *, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag the line between two panes, and move the pointer out of the way."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()
    page.mouse.move(WIDTH / 2, 10)


def lineage(page: Page, ui: DagsterUI) -> Camera:
    """Show the whole graph, without the list beside it."""
    page.set_viewport_size({"width": WIDTH, "height": 480})
    open_page(page, ui.url, LINEAGE, shows="hubspot_contacts")
    fold_navigation(page)
    expect(page.get_by_text("27 partitions")).to_be_visible(timeout=SECONDS)
    return lambda: page.screenshot(clip={"x": 369, "y": 52, "width": WIDTH - 369, "height": 428})


def asset_table(page: Page, ui: DagsterUI) -> Camera:
    """Show what a load says of itself, down to the preview."""
    open_page(page, ui.url, asset_page("baby_names_table", "events"), shows="preview")
    return page.screenshot


def partitions(page: Page, ui: DagsterUI) -> Camera:
    """Show the partitions of the contacts, all green."""
    path = asset_page("hubspot_contacts", "partitions", partition="J")
    open_page(page, ui.url, path, shows="dagster/partition_row_count")
    expect(page.get_by_text("Materialized (27)")).to_be_visible(timeout=SECONDS)
    return page.screenshot


def years_chart(page: Page, ui: DagsterUI) -> Camera:
    """Show the chart in the metadata of the years."""
    open_page(page, ui.url, asset_page("baby_name_years", "events"), shows="chart")
    metadata_value(page, "chart").get_by_text("Show Markdown").click()
    chart = page.get_by_role("img", name="chart")
    expect(chart).to_be_visible(timeout=SECONDS)
    return chart.screenshot


def checks(page: Page, ui: DagsterUI) -> Camera:
    """Show the checks of the table, all passed."""
    page.set_viewport_size({"width": WIDTH, "height": 640})
    path = asset_page("baby_names_table", "checks", checkDetail="rows_add_up")
    open_page(page, ui.url, path, shows="rows_read")
    return page.screenshot


def run(page: Page, ui: DagsterUI) -> Camera:
    """Show the run of the whole graph, step by step."""
    (whole,) = ui.runs({})
    open_page(page, ui.url, f"/runs/{whole.run_id}", shows="RUN_SUCCESS")
    fold_navigation(page)
    expect(page.get_by_text("RUN_SUCCESS")).to_be_visible(timeout=SECONDS)
    drag(page, start=(WIDTH // 2, 311), end=(WIDTH // 2, 610))  # steps above, log below
    return page.screenshot


PICTURES: dict[str, Callable[[Page, DagsterUI], Camera]] = {
    "lineage": lineage,
    "asset-table": asset_table,
    "partitions": partitions,
    "years-chart": years_chart,
    "checks": checks,
    "run": run,
}

if __name__ == "__main__":
    main()
