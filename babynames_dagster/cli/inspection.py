"""Commands that look and change nothing: `check` and `status`, and `rejects`, which can send again."""

from collections.abc import Callable
from typing import Annotated, Any

import dagster as dg
import typer

from babynames_dagster.cli.app import EXIT_FAILED, app, exit_status
from babynames_dagster.cli.checks import check_database, check_hubspot_account, check_kaggle_site
from babynames_dagster.cli.overview import overview
from babynames_dagster.cli.pipeline import shared_instance
from babynames_dagster.cli.terminal import err, out, show_error, show_json, show_table
from babynames_dagster.database.engine import open_engine
from babynames_dagster.database.ledger import rejected_contacts
from babynames_dagster.database.loads import rejected_rows_of_last_loads
from babynames_dagster.database.migrate import ensure_schema
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import Settings, current_settings

_CHECKS: dict[str, Callable[[Settings], str]] = {
    "db": check_database,
    "kaggle": check_kaggle_site,
    "hubspot": check_hubspot_account,
}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


@app.command()
def check(
    what: Annotated[str | None, typer.Argument(help="`db`, `kaggle` or `hubspot`; all where left out.")] = None,
) -> None:
    """Try each connection for real: what is wrong, and what to do.

    Examples: `babynames check`, `babynames check hubspot`
    """
    if what is not None and what not in _CHECKS:
        raise typer.BadParameter(f"{what!r} is none of {', '.join(_CHECKS)}")
    settings = current_settings()
    status = 0
    for name in [what] if what else list(_CHECKS):
        try:
            answer = _CHECKS[name](settings)
        except PipelineError as error:
            err.print(f"[bold red]✗[/] {name}")
            show_error(error)
            status = max(status, exit_status(error))
        else:
            out.print(f"[bold green]✓[/] {name}: ", end="")
            out.print(answer, markup=False)
    raise typer.Exit(status)
