"""What people see and do in the UI: the graph, its assets' pages, the sensor, and a check that fails.

Each test waits for what it needs. Those that need the least come first, so that the others wait less.
"""

import re
import sqlite3
from contextlib import closing

from playwright.sync_api import Page, expect

from babynames_dagster_tests.support.ui.pages import (
    LINEAGE,
    SECONDS,
    asset_page,
    drawn_edges,
    metadata_value,
    open_page,
)
from babynames_dagster_tests.ui.conftest import DROPPED_ROWS, PATIENCE, Work

ASSETS = {"raw_zip", "baby_names_table", "baby_name_years", "hubspot_contacts"}


def test_the_lineage_page_draws_the_assets_and_their_edges(work: Work, page: Page) -> None:
    open_page(page, work.ui.url, LINEAGE, shows="hubspot_contacts")
    expect(page.locator("svg path[marker-end]")).to_have_count(5, timeout=SECONDS)
    assert drawn_edges(page, ASSETS) == {
        ("raw_zip", "baby_names_table"),
        ("raw_zip", "baby_name_years"),
        ("baby_names_table", "baby_name_years"),
        ("baby_names_table", "hubspot_contacts"),
        ("baby_name_years", "hubspot_contacts"),
    }


def test_a_columns_description_says_where_it_comes_from(work: Work, page: Page) -> None:
    open_page(page, work.ui.url, asset_page("baby_names_table", "overview"), shows="Column name")
    expect(page.get_by_role("row", name="slug").get_by_text("from raw_zip.Name, raw_zip.Sex")).to_be_visible()
    open_page(page, work.ui.url, asset_page("hubspot_contacts", "overview"), shows="Column name")
    expect(page.get_by_role("row", name="email").get_by_text("from baby_names_table.slug")).to_be_visible()


def test_a_dropped_file_starts_one_run_that_succeeds_and_loads_that_file(work: Work, page: Page) -> None:
    run = work.sensor_run()
    assert run.status == "SUCCESS"
    assert run.assets == ASSETS - {"baby_name_years"}
    with closing(sqlite3.connect(work.ui.database)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM baby_names")}
    assert {name for _, name, _, _ in DROPPED_ROWS} <= names
    open_page(page, work.ui.url, f"/runs/{run.run_id}", shows="RUN_SUCCESS")


def test_the_partition_page_is_green(work: Work, page: Page) -> None:
    work.sensor_run()
    open_page(page, work.ui.url, asset_page("hubspot_contacts", "partitions"), shows="Materialized (27)")
    for nothing in ("Failed (0)", "Missing (0)"):
        expect(page.get_by_text(nothing, exact=True)).to_be_visible(timeout=SECONDS)


def test_a_partitions_page_shows_what_is_its_own(work: Work, page: Page) -> None:
    work.sensor_run()
    open_page(page, work.ui.url, asset_page("hubspot_contacts", "partitions", partition="A"), shows="preview")
    expect(metadata_value(page, "dagster/partition_row_count")).to_have_text("1")
    for taken in ("seconds", "requests", "waited_seconds"):
        expect(metadata_value(page, taken)).to_have_text(re.compile(r"^[0-9.]+$"))
    preview = metadata_value(page, "preview").get_by_role("table").get_by_role("row")
    expect(preview).to_have_count(2)
    expect(preview.nth(1)).to_contain_text("aaliyah.f@")


def test_the_tables_page_shows_its_row_counts_and_a_preview(work: Work, page: Page) -> None:
    work.tables_loaded()
    open_page(page, work.ui.url, asset_page("baby_names_table", "events"), shows="dagster/row_count")
    expect(metadata_value(page, "dagster/row_count")).to_have_text(str(work.table_rows()))
    read = int(metadata_value(page, "rows_read").inner_text())
    parts = ("rows_inserted", "rows_present", "rows_duplicate", "rows_rejected")
    assert read == sum(int(metadata_value(page, part).inner_text()) for part in parts) > 0
    preview = metadata_value(page, "preview").get_by_role("table")
    expect(preview.get_by_role("row")).to_have_count(1 + len(DROPPED_ROWS))
    expect(preview.get_by_role("row").nth(1)).to_contain_text("aaliyah.f")


def test_the_chart_of_births_by_year_is_rendered(work: Work, page: Page) -> None:
    work.tables_loaded()
    open_page(page, work.ui.url, asset_page("baby_name_years", "events"), shows="chart")
    metadata_value(page, "chart").get_by_text("Show Markdown").click()
    chart = page.get_by_role("img", name="chart")
    expect(chart).to_be_visible(timeout=SECONDS)
    assert chart.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_a_check_that_fails_is_visible(work: Work, page: Page) -> None:
    work.tables_loaded()
    path = asset_page("baby_names_table", "checks", checkDetail="rows_add_up")
    with closing(sqlite3.connect(work.ui.database, timeout=60)) as database, database:
        database.execute("UPDATE loads SET rows_read = rows_read + 1")
    open_page(page, work.ui.url, path, shows="rows_read")
    page.get_by_text("Execute", exact=True).click()
    # In the list of checks, and as the result of this one.
    expect(page.get_by_text("Failed", exact=True)).to_have_count(2, timeout=PATIENCE * 1000)


def test_materialize_all_takes_one_run_for_the_tables_and_one_for_all_partitions(work: Work, page: Page) -> None:
    contacts, tables = work.backfill_runs()
    assert (tables.status, contacts.status) == ("SUCCESS", "SUCCESS")
    assert tables.assets == ASSETS - {"hubspot_contacts"}
    assert contacts.assets == {"hubspot_contacts"}
    open_page(page, work.ui.url, f"/runs/{contacts.run_id}", shows="RUN_SUCCESS")


def test_the_file_starts_no_second_run_at_the_next_tick(work: Work) -> None:
    run = work.sensor_run()
    work.next_tick_after(run)
    assert [other.run_id for other in work.sensor_runs()] == [run.run_id]
