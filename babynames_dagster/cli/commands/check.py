"""`babynames check`: tries each connection for real."""

from collections.abc import Callable
from typing import Annotated

import typer

from babynames_dagster.cli.app import exit_status
from babynames_dagster.cli.checks import check_database, check_hubspot_account, check_kaggle_site, check_schedule
from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import settings_of
from babynames_dagster.cli.required import require
from babynames_dagster.cli.terminal import out, say, show_error
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import Settings

_CHECKS: dict[str, Callable[[Settings], str]] = {
    "db": check_database,
    "schedule": check_schedule,
    "kaggle": check_kaggle_site,
    "hubspot": check_hubspot_account,
}


def check(
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            help="`db`, `schedule`, `kaggle` or `hubspot`; all where left out.", autocompletion=lambda: list(_CHECKS)
        ),
    ] = None,
) -> None:
    """Try each connection for real: what is wrong, and what to do.

    The whole report is on stdout; the exit status is that of what is worst. `check db` is cheap enough for a probe.

    Examples: `babynames check`, `babynames check hubspot`
    """
    if what is not None and what not in _CHECKS:
        raise typer.BadParameter(f"{what!r} is none of {', '.join(_CHECKS)}")
    settings = settings_of(context)
    log_command(context, settings)
    status = 0
    for name in [what] if what else list(_CHECKS):
        try:
            require(settings, name)
            answer = _CHECKS[name](settings)
        except PipelineError as error:
            out.print(f"[bold red]✗[/] {name}")
            show_error(error, on=out)
            status = max(status, exit_status(error))
        else:
            out.print("[bold green]✓[/] ", end="")
            say(f"{name}: {answer}")
    raise typer.Exit(status)
