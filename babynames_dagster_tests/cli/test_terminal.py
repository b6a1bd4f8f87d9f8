"""The command in a shell: on a terminal and without colours, completing words, serving until Ctrl-C."""

import os
import pty
import re
import select
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from babynames_dagster.cli.app import COMMANDS, babynames, command_named
from babynames_dagster_tests.support.command import SCRIPTS, clean_environment, run_babynames

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


LIVE = "\x1b[?25l"
"""Hides the cursor: a live display begins."""


def run_on_terminal(*arguments: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run the command with a terminal for everything, and return its exit status and what it drew.

    Its first question is answered with yes, typed ahead: one that is never seen shall not keep it waiting.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own script
        [str(SCRIPTS / "babynames"), *arguments],
        cwd=folder,
        env={**clean_environment(environment), "TERM": "xterm-256color", "LINES": "40"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, b"y\n")
    drawn = b""
    try:
        while select.select([ours], [], [], 120)[0]:
            piece = os.read(ours, 65_536)
            if not piece:
                break
            drawn += piece
    except OSError:  # Linux says that the other end is closed by an error
        pass
    finally:
        os.close(ours)
    return process.wait(timeout=60), drawn.decode()


def test_on_a_terminal_a_bar_is_drawn_and_colours_only_where_they_are_wanted(
    tmp_path: Path, environment: Mapping[str, str], dataset: Path
) -> None:
    slow = {**environment, "HUBSPOT_REQUESTS_PER_BATCH": "1", "HUBSPOT_BATCH_DELAY": "500"}
    status, drawn = run_on_terminal("run", "--path", str(dataset), folder=tmp_path, environment=slow)
    assert status == 0, drawn
    assert re.search(r"sync .*━.* [12] contacts", drawn)
    assert COLOUR.search(drawn)
    status, drawn = run_on_terminal(
        *("run", "--path", str(dataset), "--full-refresh"),
        folder=tmp_path,
        environment={**environment, "NO_COLOR": "1"},
    )
    assert status == 0, drawn
    assert re.search(r"sync .*━.* contacts", drawn)
    assert not COLOUR.search(drawn)


def test_a_question_is_asked_before_anything_is_drawn_live(
    tmp_path: Path, environment: Mapping[str, str], dataset: Path
) -> None:
    run = run_babynames("run", "--path", str(dataset), folder=tmp_path, environment=environment)
    assert run.returncode == 0, run.stderr
    status, drawn = run_on_terminal("undo", "--override-guards", folder=tmp_path, environment=environment)
    assert status == 0, drawn
    before, question, after = drawn.partition("[y/N]: ")
    assert question
    assert LIVE not in before
    assert LIVE in after
    assert "Archived 3 contacts" in after


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("babynames re", {"rejects", "reconcile"}),
        ("babynames check ", {"db", "schedule", "kaggle", "hubspot"}),
        ("babynames run --partition o", {"other"}),
        ("babynames status --demo ", {"sample", "0123456789ab"}),
        ("babynames run --full-", {"--full-reload", "--full-refresh"}),
    ],
)
def test_words_are_completed(tmp_path: Path, typed: str, offered: set[str]) -> None:
    for name in ("sample", "0123456789ab"):
        (tmp_path / "data" / "demo" / name).mkdir(parents=True)
    answer = run_babynames(
        folder=tmp_path,
        environment={
            "_BABYNAMES_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split(" ")) - 1),
        },
    )
    assert set(answer.stdout.split()) == offered


def test_the_completion_script_can_be_shown(tmp_path: Path) -> None:
    answer = run_babynames(
        "--show-completion", "bash", folder=tmp_path, environment={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    )
    assert answer.returncode == 0
    assert "_BABYNAMES_COMPLETE=complete_bash" in answer.stdout
    assert list(tmp_path.iterdir()) == []


def test_flags_have_no_needless_opposites() -> None:
    for command in (babynames(), *map(command_named, COMMANDS)):
        assert [option.name for option in command.params if option.secondary_opts] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_commands_help_begins_with(name: str) -> None:
    assert command_named(name).help.splitlines()[0] == COMMANDS[name]


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert run_babynames("--version", folder=tmp_path).stdout == f"babynames {version('babynames_dagster')}\n"
