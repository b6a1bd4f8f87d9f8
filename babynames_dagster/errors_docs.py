"""The errors as a document: the README's table of codes.

What belongs here: rendering `ErrorCode` as text. `python -m babynames_dagster.settings.docs` brings the README of a
checkout up to date.
"""

from babynames_dagster.errors import ErrorCode

START, END = "<!-- errors -->", "<!-- /errors -->"


def errors_table() -> str:
    """Return every code, whether a retry can help, and what to do, as a Markdown table."""
    lines = ["| Code | May pass by itself | What to do |", "|---|---|---|"]
    for code in ErrorCode:
        passes = "yes" if code.retryable else ""
        lines.append(f"| `{code.name}` | {passes} | {code.remedy.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def with_errors(document: str) -> str:
    """Return a Markdown document with its table of codes brought up to date, where it has a place for one."""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        return document
    return f"{before}{start}\n{errors_table()}{end}{after}"
