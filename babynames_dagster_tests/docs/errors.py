"""The errors as a document: the table of codes in `docs/errors.md`."""

from babynames_dagster.errors import ErrorCode
from babynames_dagster_tests.docs.markdown import cell


def errors_table() -> str:
    """Return every code, whether a retry can help, and what to do, as a Markdown table."""
    lines = ["| Code | May pass by itself | What to do |", "|---|---|---|"]
    for code in ErrorCode:
        passes = "yes" if code.retryable else ""
        lines.append(f"| `{code.name}` | {passes} | {cell(code.remedy)} |")
    return "\n".join(lines) + "\n"
