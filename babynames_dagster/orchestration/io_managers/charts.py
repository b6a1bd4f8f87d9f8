"""The chart of births by year and the most frequent names, as an SVG that Dagster's UI shows.

What belongs here: drawing, from plain numbers and names. What does not: where they come from.

The UI renders Markdown, and shows an image from a data URI; text of 1,000 characters or more, such as this, behind
the link "[Show Markdown]". In an `<img>`, an SVG runs no script and loads
nothing; names, which come from outside, are escaped all the same.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH = 480
NAMES_SHOWN = 10

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, WIDTH - 12, 30, 170
_BARS_TOP, _BAR_STEP, _BAR_LEFT, _BAR_RIGHT = 228, 17, 110, WIDTH - 60
_NAME_LENGTH = 16
_LINE, _BAR, _GRID, _TEXT = "#4f43dd", "#8f88ea", "#e3e5ec", "#3a3f51"


def births_chart(births_by_year: Mapping[int, int], top_names: Sequence[tuple[str, int]]) -> str:
    """Draw births over the years, and below them a bar for each of the most frequent names.

    Args:
        births_by_year: Births by year, in any order; years without births may be absent.
        top_names: Names and their births, the most frequent first; at most `NAMES_SHOWN` are drawn.

    Returns:
        An SVG document of some kilobytes, whatever it is given.
    """
    names = top_names[:NAMES_SHOWN]
    height = _BARS_TOP + _BAR_STEP * max(len(names), 1) + 8
    size = f'width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11" fill="{_TEXT}">',
        f'<rect {size} fill="#fff"/>',
        _text(8, 16, "Births by year", bold=True),
        *(_years(births_by_year) if births_by_year else [_text(_LEFT, 60, "No births by year")]),
        _text(8, _BARS_TOP - 12, "Most frequent names", bold=True),
        *(_bars(names) if names else [_text(_LEFT, _BARS_TOP + 12, "No names")]),
        "</svg>",
    ]
    return "".join(parts)


def as_markdown(svg: str) -> str:
    """Return an SVG as Markdown that shows it, for `MetadataValue.md`."""
    return f"![chart](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')})"


def _years(births_by_year: Mapping[int, int]) -> list[str]:
    first, last = min(births_by_year), max(births_by_year)
    top = _round_up(max(births_by_year.values()))
    # One point a pixel column, the highest: more could not be seen.
    columns: dict[int, int] = {}
    for year, births in births_by_year.items():
        x = _along(year, first, last)
        columns[x] = max(columns.get(x, 0), births)
    points = " ".join(f"{x},{_height(births, top)}" for x, births in sorted(columns.items()))
    grid = []
    for quarter in range(5):
        y = _height(top * quarter / 4, top)
        grid.append(f'<path d="M{_LEFT} {y}H{_RIGHT}" stroke="{_GRID}"/>')
        grid.append(_text(_LEFT - 6, y + 4, _short(top * quarter / 4), anchor="end"))
    years = [_text(_along(year, first, last), _BOTTOM + 16, str(year), anchor="middle") for year in _ticks(first, last)]
    return [
        *grid,
        *years,
        f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="2" stroke-linecap="round"/>',
    ]


def _bars(names: Sequence[tuple[str, int]]) -> list[str]:
    largest = max([1, *(births for _, births in names)])
    parts = []
    for index, (name, births) in enumerate(names):
        y = _BARS_TOP + index * _BAR_STEP
        width = max(1, round((_BAR_RIGHT - _BAR_LEFT) * max(births, 0) / largest))
        parts.append(_text(_BAR_LEFT - 6, y + 11, _drawable(name), anchor="end"))
        parts.append(f'<rect x="{_BAR_LEFT}" y="{y + 2}" width="{width}" height="{_BAR_STEP - 5}" fill="{_BAR}"/>')
        parts.append(_text(_BAR_LEFT + width + 5, y + 11, f"{births:,}"))
    return parts


def _text(x: float, y: float, content: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{weight}>{escape(content)}</text>'


def _drawable(name: str) -> str:
    """Return a name as a label: short, without what XML forbids or what turns the reading direction around."""
    label = "".join(character if character.isprintable() else " " for character in name[: 4 * _NAME_LENGTH]).strip()
    return label if len(label) <= _NAME_LENGTH else label[: _NAME_LENGTH - 1] + "…"


def _along(year: int, first: int, last: int) -> int:
    return round(_LEFT + (_RIGHT - _LEFT) * (year - first) / max(last - first, 1))


def _height(births: float, top: float) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * max(births, 0) / top, 1)


def _round_up(value: float) -> float:
    """Return a number no smaller, a quarter of which reads well on an axis."""
    if value <= 0:
        return 4
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(step * magnitude for step in (1, 2, 4, 6, 8, 10) if step * magnitude >= value)


def _ticks(first: int, last: int) -> list[int]:
    """Return at most eight round years from first to last."""
    step = next(step for step in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000) if (last - first) / step < 8)  # noqa: PLR2004 - said above
    return [year for year in range(first, last + 1) if year % step == 0]


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
