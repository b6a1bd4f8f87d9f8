"""The documents of this checkout, and the commands that they name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from babynames_dagster.documents import CHECKOUT

PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")])

_FENCED = re.compile(r"^( *)```(?:sh|bash|console)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_ENDS_COMMAND = re.compile(r"^(?:\||\|\||&&|;|>|>>|<|&)$")
_ASSIGNMENT = re.compile(r"^[A-Z_][A-Z0-9_]*=")


def commands_in(page: Path, program: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of a program that a page shows, in its fenced shell blocks and in backticks."""
    text = page.read_text(encoding="utf-8")
    shown = [line for _, block in _FENCED.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    shown += [" ".join(span.split()) for span in _INLINE.findall(_ANY_FENCE.sub("", text))]
    for line in shown:
        yield from _calls(line, program)


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
