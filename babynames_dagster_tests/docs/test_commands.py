"""The documents name every command and option that exists, and none that does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from babynames_dagster.cli.app import COMMANDS, babynames, command_named
from babynames_dagster_tests.docs.commands import commands_text
from babynames_dagster_tests.docs.markdown import CHECKOUT, with_text
from babynames_dagster_tests.docs.pages import PAGES, commands_in

PAGE = CHECKOUT / "docs" / "commands.md"
WRITTEN = [
    pytest.param(arguments, id=f"{page.name}: {' '.join(arguments)}")
    for page in PAGES
    for arguments in commands_in(page, "babynames")
]
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""What every complaint of the parser is; Typer exports only this one of its kinds."""
TARGETS = {line.partition(":")[0] for line in (CHECKOUT / "Makefile").read_text(encoding="utf-8").splitlines()}


def options_of(command: Any) -> Iterator[str]:  # noqa: ANN401 - Typer's own class has no public name
    with command.make_context(command.name, [], resilient_parsing=True) as context:
        for parameter in command.get_params(context):
            yield from (option for option in parameter.opts if option.startswith("-"))


def mistake(arguments: list[str]) -> str | None:
    """Return what the real parser says against a call as it stands in a document; a name alone is a mention."""
    try:
        _, rest, _ = _parser(babynames()).parse_args(arguments)
        name, *own = [word for word in rest if word != "..."] or ["COMMAND"]
        if name == "COMMAND":
            return None
        if name not in COMMANDS:
            return f"no command {name}"
        command = command_named(name)
        taken, left, _ = _parser(command).parse_args([*own])
    except USAGE_ERROR as error:
        return str(error)
    missing = [
        parameter.name for parameter in command.params if parameter.required and taken.get(parameter.name) is None
    ]
    if own and missing:
        return f"missing: {missing}"
    return f"left over: {left}" if left else None


def _parser(command: Any) -> Any:  # noqa: ANN401 - as above
    return command.make_parser(command.context_class(command, info_name=command.name))


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_text(page, "commands", commands_text()) == page, "run `make docs`"


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_every_option_is_documented(name: str | None) -> None:
    common, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    sections_by_command = {section.partition("\n")[0]: section for section in sections}
    documented = common + (sections_by_command[f"babynames {name}"] if name else "")
    for option in options_of(command_named(name) if name else babynames()):
        assert f"`{option}`" in documented or f"`{option} " in documented, option


@pytest.mark.parametrize("arguments", WRITTEN)
def test_every_documented_command_exists(arguments: list[str]) -> None:
    assert mistake(arguments) is None


def test_commands_were_found_in_the_documents() -> None:
    assert len(WRITTEN) > 50


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("undo --overide-guards", "--overide-guards"),
        ("--sillent run", "--sillent"),
        ("unod", "no command unod"),
        ("check db hubspot", "left over"),
        ("apply --json", "missing"),
        ("run --path", "--path"),
    ],
)
def test_a_mistyped_command_is_noticed(wrong: str, said: str) -> None:
    assert said in str(mistake(wrong.split()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_of_make_exists(page: Path) -> None:
    for arguments in commands_in(page, "make"):
        named = [word for word in arguments if "=" not in word and not word.startswith("-")]
        assert set(named) <= TARGETS
