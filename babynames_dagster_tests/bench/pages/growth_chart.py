"""Time against size as a picture, both on logarithmic scales: what grows as its input is a line of 45 degrees."""

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

_LEFT, _TOP, _DECADE, _LEGEND = 60, 20, 110, 230
Growth = dict[str, dict[int, float]]
"""Seconds by size, by what took them."""

_COLOURS = (
    "#4f43dd",
    "#d9480f",
    "#2b8a3e",
    "#1971c2",
    "#c2255c",
    "#5f3dc4",
    "#846300",
    "#0b7285",
    "#495057",
    "#a61e4d",
)


def exponent(seconds: Mapping[int, float]) -> float:
    """Return the power of the size with which time grew from the last size but one to the last: 1 is as its input."""
    (small, before), (large, after) = sorted(seconds.items())[-2:]
    return math.log(after / before) / math.log(large / small)


def growth_chart(growth: Mapping[str, Mapping[int, float]]) -> str:
    """Draw one line for each thing that was measured.

    Args:
        growth: Seconds by size, by title; all of them above zero.

    Returns:
        An SVG document.
    """
    sizes = [size for seconds in growth.values() for size in seconds]
    times = [one for seconds in growth.values() for one in seconds.values()]
    first, last = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    right, bottom = _LEFT + (last - first) * _DECADE, _TOP + (high - low) * _DECADE

    def x(size: float) -> float:
        return round(_LEFT + (math.log10(size) - first) * _DECADE, 1)

    def y(seconds: float) -> float:
        return round(bottom - (math.log10(seconds) - low) * _DECADE, 1)

    size = f'width="{right + _LEGEND}" height="{bottom + 50}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f'<rect {size} fill="#fff"/>',
    ]
    for power in range(low, high + 1):
        parts.append(f'<path d="M{_LEFT} {y(10.0**power)}H{right}" stroke="#e3e5ec"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(10.0**power) + 4}" text-anchor="end">{10.0**power:g} s</text>')
    for power in range(first, last + 1):
        parts.append(f'<path d="M{x(10.0**power)} {_TOP}V{bottom}" stroke="#e3e5ec"/>')
        parts.append(f'<text x="{x(10.0**power)}" y="{bottom + 18}" text-anchor="middle">{10**power:,}</text>')
    for number, (title, seconds) in enumerate(growth.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{x(one)},{y(seconds[one])}" for one in sorted(seconds))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{right + 16}" y="{_TOP + 16 + 20 * number}" fill="{colour}" font-weight="bold">'
            f"{escape(title)}</text>"
        )
    parts.append(
        f'<text x="{(_LEFT + right) / 2:g}" y="{bottom + 40}" text-anchor="middle">names, contacts or loads</text>'
    )
    return "\n".join([*parts, "</svg>\n"])


def growth_table(title: str, growth: Mapping[str, Mapping[int, float]]) -> str:
    """Return seconds by size as a Markdown table, and with which power of the size they grew at last."""
    sizes = sorted({size for seconds in growth.values() for size in seconds})
    lines = [
        f"| seconds, by {title} | {' | '.join(f'{size:,}' for size in sizes)} | power of the last step |",
        f"|---|{'--:|' * (len(sizes) + 1)}",
    ]
    for name, seconds in growth.items():
        power = f"{exponent(seconds):.2f}" if len(seconds) > 1 else ""
        lines.append(f"| {name} | {' | '.join(f'{seconds[size]:.3g}' for size in sizes)} | {power} |")
    return "\n".join(lines) + "\n"
