"""The documents of this checkout, and the commands and settings that they name."""

import re
import shlex
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from babynames_dagster.settings.env_file import env_file
from babynames_dagster_tests.docs.markdown import CHECKOUT

PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")])

_FENCED = re.compile(r"^( *)```(?:sh|bash|console)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_ENDS_COMMAND = re.compile(r"^(?:\||\|\||&&|;|>|>>|<|&)$")
_ASSIGNMENT = re.compile(r"^[A-Z_][A-Z0-9_]*=")


def spans(text: str) -> list[str]:
    """Return what stands in backticks outside of fenced blocks."""
    return [" ".join(span.split()) for span in _INLINE.findall(_ANY_FENCE.sub("", text))]


def commands_in(page: Path, program: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of a program that a page shows, in its fenced shell blocks and in backticks."""
    text = page.read_text(encoding="utf-8")
    shown = [line for _, block in _FENCED.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    shown += spans(text)
    for line in shown:
        yield from _calls(line, program)


def settings_in(page: Path) -> Iterator[dict[str, str]]:
    """Yield the settings that a page shows together.

    These are a fenced block of them, one that is commented out, those before a command, and one in backticks.
    """
    text = page.read_text(encoding="utf-8")
    blocks = [block for _, block in _FENCED.findall(text)] if page.suffix == ".md" else [text]
    spans = _INLINE.findall(_ANY_FENCE.sub("", text)) if page.suffix == ".md" else []
    for block in blocks:
        lines = [line.strip().removeprefix("export ") for line in block.replace("\\\n", " ").splitlines()]
        together = [line for line in lines if _ASSIGNMENT.match(line)]
        if together and all(len(shlex.split(line, comments=True)) <= 1 for line in lines):
            yield assigned("\n".join(together))
        else:
            yield from map(_before_command, together)
        yield from (assigned(line[1:]) for line in lines if line.startswith("#") and _ASSIGNMENT.match(line[1:]))
    for span in spans:
        if _ASSIGNMENT.match(span):
            line = " ".join(span.split())
            yield _before_command(line) if re.search(r" (babynames|dagster|make|docker) ", line) else assigned(line)


def assigned(text: str) -> dict[str, str]:
    """Return what a text means as a `.env`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.env"
        path.write_text(text, encoding="utf-8")
        return env_file(path)


def _before_command(line: str) -> dict[str, str]:
    words = takewhile(_ASSIGNMENT.match, shlex.split(line, comments=True))
    return dict(word.split("=", maxsplit=1) for word in words)


def _calls(line: str, program: str) -> Iterator[list[str]]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # half a quotation in backticks is no command
        return
    call: list[str] = []
    for word in [*words, ";"]:
        if _ENDS_COMMAND.match(word):
            while call and _ASSIGNMENT.match(call[0]):
                del call[0]
            if call and Path(call[0]).name == program:
                yield call[1:]
            call = []
        else:
            call.append(word)
