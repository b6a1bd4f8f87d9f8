"""How growth is judged and drawn."""

from xml.etree import ElementTree as ET

import pytest

from babynames_dagster_tests.bench.growth import missed
from babynames_dagster_tests.bench.pages.growth_chart import exponent, growth_chart

SVG = "{http://www.w3.org/2000/svg}"
LINEAR = {1_000: 9.0, 10_000: 1.0, 100_000: 10.0}
SQUARE = {1_000: 1.0, 10_000: 2.0, 100_000: 200.0}


def test_the_last_step_counts_whatever_the_first_ones_cost() -> None:
    assert exponent(LINEAR) == pytest.approx(1.0)
    assert exponent(SQUARE) == pytest.approx(2.0)


def test_what_grows_much_faster_than_its_input_is_named() -> None:
    (shortfall,) = missed({"load": LINEAR, "status": SQUARE, "one size only": {1_000: 5.0}})
    assert shortfall.startswith("status: ")


def test_growth_as_the_input_is_drawn_as_a_line_of_45_degrees() -> None:
    picture = ET.fromstring(growth_chart({"a < b": {10_000: 1.0, 100_000: 10.0}}))  # noqa: S314 - our own SVG
    [line] = picture.iter(f"{SVG}polyline")
    (left, lower), (right, upper) = [map(float, point.split(",")) for point in line.attrib["points"].split()]
    assert right - left == lower - upper > 0
    assert "a < b" in [text.text for text in picture.iter(f"{SVG}text")]
