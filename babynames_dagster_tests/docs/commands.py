"""The commands as a document, from the parser itself: the text of `docs/commands.md`."""

from collections.abc import Iterator
from typing import Any

from babynames_dagster.cli.app import COMMANDS, babynames, command_named
from babynames_dagster_tests.docs.markdown import cell


def commands_text() -> str:
    """Return every command with its arguments and options as Markdown; what all commands share comes first."""
    whole = _parameters("babynames", babynames())
    common = set(map(_meaning, _parameters("run", command_named("run")))) & set(map(_meaning, whole))
    lines = ["Every command has:", "", *_table(whole, keep=common)]
    lines += ["", "`babynames` itself has:", ""]
    lines += _table(whole, drop=common)
    for name in COMMANDS:
        lines += ["", *_command(name, drop=common)]
    return "\n".join(lines) + "\n"


def _meaning(parameter: Any) -> str:  # noqa: ANN401 - Typer's own class has no public name
    """Return what distinguishes an option from another one, also from one of the same name."""
    return f"{parameter.opts[0]} {parameter.help}"


def _command(name: str, *, drop: set[str]) -> list[str]:
    command = command_named(name)
    lines = [f"## babynames {name}", "", *str(command.help).splitlines()]
    table = _table(_parameters(name, command), drop=drop)
    return [*lines, "", *table] if table else lines


def _parameters(name: str, command: Any) -> list[Any]:  # noqa: ANN401 - Typer's own class has no public name
    with command.make_context(name, [], resilient_parsing=True) as context:
        return list(command.get_params(context))


def _table(parameters: list[Any], *, keep: set[str] | None = None, drop: set[str] | None = None) -> list[str]:
    rows = list(_rows(parameters, keep, drop or set()))
    return ["| Option | Meaning |", "|---|---|", *rows] if rows else []


def _rows(parameters: list[Any], keep: set[str] | None, drop: set[str]) -> Iterator[str]:
    for parameter in parameters:
        if _meaning(parameter) in drop or (keep is not None and _meaning(parameter) not in keep):
            continue
        yield f"| {_written(parameter)} | {cell(parameter.help)}{_default(parameter)} |"


def _written(parameter: Any) -> str:  # noqa: ANN401 - Typer's own class has no public name
    value = str(parameter.name).upper()
    if parameter.param_type_name == "argument":
        return f"`{value}`" if parameter.required else f"`[{value}]`"
    long, *short = sorted(parameter.opts, key=len, reverse=True)
    takes_value = "" if parameter.is_flag else f" {value}"
    return ", ".join(f"`{option}`" for option in (f"{long}{takes_value}", *short))


def _default(parameter: Any) -> str:  # noqa: ANN401 - Typer's own class has no public name
    shown = parameter.param_type_name == "option" and not parameter.is_flag and parameter.default is not None
    return f" Default: `{parameter.default}`." if shown else ""
