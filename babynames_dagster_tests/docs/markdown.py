"""Generated text in documents: it stands between two markers, and what people wrote around them stays."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def with_text(document: str, name: str, text: str) -> str:
    """Return a Markdown document with other text between `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        ValueError: The document has no such place.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = document.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"no place for {name}: {start} and {end} are not in it")
    return f"{before}{start}\n{text.strip()}\n{end}{after}"


def write_text(file: str, name: str, text: str) -> None:
    """Write generated text into a file of this checkout.

    Raises:
        ValueError: The file has no such place.
    """
    path = CHECKOUT / file
    path.write_text(with_text(path.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def cell(text: str) -> str:
    """Return text as it stands in a cell of a Markdown table."""
    return " ".join(text.replace("|", r"\|").split())
