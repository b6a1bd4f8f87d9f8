"""The chart of births: what is drawn, that it stays small, and that no name can break it."""

import base64
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from babynames_dagster.orchestration.io_managers.charts import NAMES_SHOWN, as_markdown, births_chart

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 150_000


def labels(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own SVG


def points(svg: str) -> list[tuple[float, float]]:
    [line] = ET.fromstring(svg).iter(f"{SVG}polyline")  # noqa: S314 - our own SVG
    return [(float(x), float(y)) for x, y in (point.split(",") for point in line.attrib["points"].split())]


def test_years_run_from_left_to_right_and_more_births_are_higher() -> None:
    drawn = points(births_chart({2001: 10, 2000: 40, 2002: 20}, []))
    assert drawn == sorted(drawn)
    (_, y2000), (_, y2001), (_, y2002) = drawn
    assert y2000 < y2002 < y2001


def test_names_stand_in_the_given_order_with_their_births() -> None:
    shown = labels(births_chart({2000: 1}, [("Mary", 4_125_675), ("John", 5_000)]))
    assert shown[-4:] == ["Mary", "4,125,675", "John", "5,000"]


def test_axes_have_round_numbers() -> None:
    shown = labels(births_chart(dict.fromkeys(range(1880, 2024), 3_500_000), []))
    assert {"0", "1M", "2M", "3M", "4M"} <= set(shown)
    assert {"1880", "1900", "2020"} <= set(shown)


def test_nothing_to_draw_is_said() -> None:
    assert {"No births by year", "No names"} <= set(labels(births_chart({}, [])))


def test_the_chart_of_every_thinkable_year_is_small() -> None:
    svg = births_chart({year: year * 10**9 for year in range(1000, 10_000)}, [("x" * 10_000, 10**15)] * 500)
    assert len(as_markdown(svg)) < LARGEST
    assert len(re.findall("x+…", svg)) == NAMES_SHOWN


@given(
    st.dictionaries(st.integers(1, 9999), st.integers(-5, 10**12)),
    st.lists(st.tuples(st.text(), st.integers(-5, 10**12))),
)
def test_whatever_is_given_the_chart_is_sound_and_small(years: dict[int, int], names: list[tuple[str, int]]) -> None:
    markdown = as_markdown(births_chart(years, names))
    assert len(markdown) < LARGEST
    match = re.fullmatch(r"!\[chart\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", markdown)
    assert match is not None
    root = ET.fromstring(base64.b64decode(match.group(1)))  # noqa: S314 - our own SVG
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "rect", "text", "path", "polyline"}


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"/><image href="x"/>', "]]>&amp;", "\x00\x1b[31m", "\u202eyraM", "\ud800"]
)
def test_a_hostile_name_stays_text(name: str) -> None:
    svg = births_chart({2000: 1}, [(name, 1)])
    assert "<script" not in svg
    assert "<image" not in svg
    assert "\u202e" not in svg
    ET.fromstring(svg.encode())  # noqa: S314 - our own SVG


def test_chromium_draws_it(tmp_path: Path, chromium: Path) -> None:
    svg = births_chart({2000: 1, 2001: 5}, [("José & <b>", 7), ("Zoë", 5)])
    page_file = tmp_path / "page.html"
    page_file.write_text(f'<img src="{as_markdown(svg)[9:-1]}">', encoding="utf-8")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
        page = browser.new_page()
        page.goto(page_file.as_uri())
        image = page.locator("img")
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 480
