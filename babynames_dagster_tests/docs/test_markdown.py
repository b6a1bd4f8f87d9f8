"""Generated text keeps to its place in a document, and links in documents lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from babynames_dagster_tests.docs.markdown import CHECKOUT, cell, with_text
from babynames_dagster_tests.docs.pages import PAGES

LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")


def test_text_replaces_only_what_is_between_its_markers() -> None:
    document = "before\n<!-- a -->\nold\n<!-- /a -->\nafter <!-- b --><!-- /b -->\n"
    assert with_text(document, "a", "new\n") == document.replace("old", "new")
    with pytest.raises(ValueError, match="no place for c"):
        with_text(document, "c", "new")


def test_a_cell_is_one_line_in_one_column() -> None:
    assert cell("a | b\n  c") == r"a \| b c"


def _anchors(page: Path) -> Iterator[str]:
    """Yield what a link can name after `#`: a heading in lower case, without punctuation, `-` for each blank."""
    for heading in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for file, heading in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), file
        assert not heading or heading in _anchors(target), (file, heading)


def test_the_readme_is_short_and_shows_the_graph_first() -> None:
    lines = (CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 200
    assert any(line.startswith("![") for line in lines[:10])
