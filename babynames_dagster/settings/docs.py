"""The settings as documents: the README's table of variables, and `.env.example`.

What belongs here: rendering the groups as text. `python -m babynames_dagster.settings.docs` brings both files of
a checkout up to date, the README's table of error codes (`errors_docs.py`) included.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic.fields import FieldInfo

from babynames_dagster.errors_docs import with_errors
from babynames_dagster.settings.groups.group import is_secret
from babynames_dagster.settings.model import GROUPS

START, END = "<!-- settings -->", "<!-- /settings -->"

TITLES = {"hubspot": "HubSpot"}
"""Titles of groups that are not their names."""


def settings_table() -> str:
    """Return every variable, its default and its meaning as Markdown tables, one a section."""
    lines: list[str] = []
    for title, fields in _sections():
        lines += ["", f"**{title}**", "", "| Variable | Default | Meaning |", "|---|---|---|"]
        for name, field in fields.items():
            default = _default(field)
            shown = f"`{default}`" if default else ""
            lines.append(f"| `{name}` | {shown} | {str(field.description).replace('|', chr(92) + '|')} |")
    return "\n".join(lines).strip() + "\n"


def env_example() -> str:
    """Return a `.env` that changes nothing: every variable, commented out, with its default."""
    lines = ["# Copy this to .env and take the `#` away from what you set. The environment wins over .env."]
    for title, fields in _sections():
        lines += ["", f"# {title}", "# " + "-" * len(title)]
        for name, field in fields.items():
            lines += [f"# {field.description}", f"#{name}={_quoted(_default(field))}"]
    return "\n".join(lines) + "\n"


def with_table(document: str) -> str:
    """Return a Markdown document with its table of variables brought up to date, where it has a place for one."""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        return document
    return f"{before}{start}\n{settings_table()}{end}{after}"


def _sections() -> Iterator[tuple[str, Mapping[str, FieldInfo]]]:
    for name, group in GROUPS.items():
        yield TITLES.get(name, name.capitalize()), group.variables()


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if is_secret(field) or default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def main() -> None:
    """Bring `README.md` and `.env.example` of this checkout up to date."""
    checkout = Path(__file__).resolve().parents[2]
    readme = checkout / "README.md"
    readme.write_text(with_errors(with_table(readme.read_text(encoding="utf-8"))), encoding="utf-8")
    (checkout / ".env.example").write_text(env_example(), encoding="utf-8")


if __name__ == "__main__":
    main()
