"""The figures that were measured last, and the pages that are made of them.

What belongs here: keeping figures (`figures.json`), and which go where. What does not: measuring, and a table's form.

`python -m babynames_dagster_tests.bench.pages.figures` makes the pages again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from babynames_dagster_tests.bench.measuring import Measured, table
from babynames_dagster_tests.bench.pages.growth_chart import Growth, growth_chart, growth_table
from babynames_dagster_tests.docs.markdown import CHECKOUT, write_text

PERFORMANCE, SCALING, PICTURE = "docs/performance.md", "docs/scaling.md", "docs/images/growth.svg"
TITLES = {"names": "distinct names", "contacts": "contacts in the ledger", "loads": "loads before"}
"""What grows in `make bench-growth`, for people."""
_STORE = Path(__file__).with_name("figures.json")


def keep_load(part: str, title: str, results: Mapping[str, Measured], *, baseline: str | None, by: str) -> None:
    """Keep what methods took for one file, in place of what the same title had before, and make the pages again.

    Args:
        part: `real`, `distinct` or `years`.
        title: What was loaded.
        results: By method.
        baseline: The method that the ratios compare with.
        by: The command and the machine.
    """
    rows = {method: asdict(one) for method, one in results.items()}
    store = _read()
    store.setdefault(part, {})[title] = {"by": by, "baseline": baseline, "results": rows}
    _write(store)


def keep_growth(part: str, growth: Growth, *, by: str) -> None:
    """Keep seconds by size, by what took them, and make the pages again.

    Args:
        part: What grew: one of `TITLES`.
        growth: The seconds.
        by: The command and the machine.
    """
    store = _read()
    store.setdefault("growth", {})[part] = {"by": by, "seconds": growth}
    _write(store)


def texts() -> Iterator[tuple[str, str, str]]:
    """Yield the texts that are made of figures: the page, the place's name, the text."""
    store = _read()
    for part in ("real", "distinct", "years"):
        yield PERFORMANCE, f"bench-{part}", "\n".join(_load_text(*item) for item in store[part].items())
    tables = [
        f"{kept['by']}:\n\n{growth_table(TITLES[part], _growth(kept['seconds']))}"
        for part, kept in store["growth"].items()
    ]
    yield SCALING, "growth", "\n".join(tables)


def picture() -> str:
    """Return the growth as an SVG document."""
    parts = _read()["growth"].values()
    return growth_chart({title: seconds for kept in parts for title, seconds in _growth(kept["seconds"]).items()})


def write_pages() -> None:
    """Make every text and picture again."""
    for page, name, text in texts():
        write_text(page, name, text)
    (CHECKOUT / PICTURE).write_text(picture(), encoding="utf-8")


def _load_text(title: str, kept: Mapping[str, Any]) -> str:
    results = {method: Measured(**one) for method, one in kept["results"].items()}
    return f"{kept['by']}:\n\n{table(title, results, kept['baseline'])}"


def _growth(kept: Mapping[str, Mapping[str, float]]) -> Growth:
    return {title: {int(size): seconds for size, seconds in by_size.items()} for title, by_size in kept.items()}


def _read() -> dict[str, Any]:
    store: dict[str, Any] = json.loads(_STORE.read_text(encoding="utf-8"))
    return store


def _write(store: dict[str, Any]) -> None:
    _STORE.write_text(json.dumps(store, indent=2) + "\n", encoding="utf-8")
    write_pages()


if __name__ == "__main__":
    write_pages()
