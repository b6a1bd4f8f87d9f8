"""What the command line shows: progress and logs on stderr, the result alone on stdout.

What belongs here: drawing. What does not: finding out, nor where log lines go.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from babynames_dagster.common.progress import Progress as Report
from babynames_dagster.common.progress import describe, progress_log
from babynames_dagster.errors import PipelineError

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

COMMAND_LOGGER = "babynames_dagster.command"
PLAIN_SECONDS = 5.0
_CELL_PADDING = 3
_NARROWEST_TEXT = 16
_WIDEST = 10_000
_log = logging.getLogger(COMMAND_LOGGER)


def say(text: str) -> None:
    """Print a result on stdout, and log it."""
    out.print(Text(text))
    _log.info("%s", text)


def show_error(error: PipelineError, *, on: Console = err) -> None:
    """Say what happened, where, and what to do; the log gets it, too.

    Args:
        error: What to say.
        on: Where: stderr, but for a report of which errors are a part.
    """
    _log.error("%s", error)
    on.print(Text(f"{error.code.name}: ", style="bold red"), Text(error.what), sep="")
    on.print(Text("What to do: ", style="bold"), Text(error.remedy), sep="")


def inform(text: str) -> None:
    """Say on stderr what a command is doing, and log it."""
    _log.info("%s", text)
    err.print(Text(text))


def warn(text: str) -> None:
    """Print on stderr what a person should know of a result; the log gets it, too."""
    _log.warning("%s", text)
    err.print(Text(text))


def show_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    out.print_json(json.dumps(value), indent=None) if out.is_terminal else print(json.dumps(value))  # noqa: T201 - stdout is the result


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table on stdout; numbers to the right.

    No value is cut: where stdout is no terminal, the table is as wide as it has to be. On a terminal that is too
    narrow, long texts are folded, or each row becomes a line of its own.
    """
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    least = 0
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
        longest = max(cell_len(text) for text in (column, *(_cell(row[index]).plain for row in rows)))
        least += _CELL_PADDING + (longest if numeric else min(longest, _NARROWEST_TEXT))
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    needed = out.measure(table, options=out.options.update(max_width=_WIDEST)).maximum
    if not out.is_terminal:
        Console(width=max(needed, out.width), soft_wrap=True, highlight=False).print(table)
    elif needed <= out.width or least <= out.width:
        out.print(table)
    else:
        _show_lines(title, columns, rows)


def _show_lines(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    out.print(f"[bold]{title}[/]")
    for row in rows:
        pairs = [f"{column}: {_cell(value).plain}" for column, value in zip(columns, row, strict=True)]
        out.print(Text("  " + ", ".join(pairs)))


def _cell(value: Any) -> Text:  # noqa: ANN401 - whatever a table holds
    if isinstance(value, bool) or value is None:
        return Text({True: "yes", False: "no", None: ""}[value])
    if isinstance(value, int):
        return Text(f"{value:,}")
    if isinstance(value, float):
        return Text(f"{value:,.2f}")
    return Text(str(value))


def show_dicts(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Print a table of rows by column on stdout, or that there is none.

    Args:
        title: Its title.
        rows: The rows, all with the same keys.
        columns: The keys to show; all by default.
    """
    if not rows:
        out.print(f"[bold]{title}[/]: none")
        return
    shown = columns or list(rows[0])
    show_table(title, [name.removeprefix("rows_") for name in shown], [[row[name] for name in shown] for row in rows])


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[None]:
    """Draw what is reported on the progress log: a live bar on a terminal, plain lines elsewhere."""
    if quiet or err.quiet:
        yield
        return
    with _lasting_stderr() as console, _handler(console) as handler:
        level = progress_log.level
        progress_log.addHandler(handler)
        progress_log.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            progress_log.removeHandler(handler)
            progress_log.setLevel(level)


@contextmanager
def _handler(console: Console) -> Iterator[logging.Handler]:
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)


@contextmanager
def _lasting_stderr() -> Iterator[Console]:
    """Open a console on what stderr is now: while a step runs, Dagster turns stderr to a file, which shows no bars."""
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except OSError:  # no real file: nothing that Dagster could turn
        yield err
        return
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
        yield Console(file=stream, soft_wrap=True, highlight=False)


class _Lines(logging.Handler):
    """One line at a stage's first report, then one every few seconds."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._stage = ""
        self._since = 0
        self._started = self._shown = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        report = getattr(record, "progress", None)
        if not isinstance(report, Report):
            return
        now = time.monotonic()
        if report.stage != self._stage:
            self._stage, self._since, self._started, self._shown = report.stage, report.worked, now, now
            self._console.print(Text(f"{report.stage} ..."))
        elif now - self._shown >= PLAIN_SECONDS:
            self._shown = now
            self._console.print(Text(describe(report, seconds=now - self._started, since=self._since)))


class _Bars(logging.Handler):
    """One bar a stage; the bars outlive `close`, which Dagster calls when it sets up its logging."""

    def __init__(self, bars: Progress) -> None:
        super().__init__()
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def emit(self, record: logging.LogRecord) -> None:
        report = getattr(record, "progress", None)
        if not isinstance(report, Report):
            return
        if report.stage not in self._tasks:
            self._tasks[report.stage] = self._bars.add_task(report.stage, total=report.total, counts="")
        self._bars.update(
            self._tasks[report.stage],
            completed=report.worked,
            total=None if report.total is None else report.total - report.skipped,
            counts=f"{report.done:,} {report.unit}",
        )
