"""The settings as documents: the tables of `docs/settings.md`, and `.env.example`."""

from collections.abc import Iterator, Mapping

from pydantic.fields import FieldInfo

from babynames_dagster.settings.groups.group import is_secret
from babynames_dagster.settings.model import GROUPS
from babynames_dagster_tests.docs.markdown import cell

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
            lines.append(f"| `{name}` | {shown} | {cell(str(field.description))} |")
    return "\n".join(lines).strip() + "\n"


def env_example() -> str:
    """Return a `.env` that changes nothing: every variable, commented out, with its default."""
    lines = ["# Copy this to .env and take the `#` away from what you set. The environment wins over .env."]
    for title, fields in _sections():
        lines += ["", f"# {title}", "# " + "-" * len(title)]
        for name, field in fields.items():
            lines += [f"# {field.description}", f"#{name}={_quoted(_default(field))}"]
    return "\n".join(lines) + "\n"


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
