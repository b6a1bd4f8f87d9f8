"""`babynames login`: signs in to Kaggle by hand."""

import logging

import typer

from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import settings_of
from babynames_dagster.cli.terminal import say
from babynames_dagster.kaggle.browser.login import sign_in_by_hand


def login(context: typer.Context) -> None:
    """Open a window, sign in to Kaggle by hand, and keep the session for headless runs.

    For two-step verification and bot checks. Example: `babynames login`
    """
    settings = settings_of(context)
    log_command(context, settings, makes_data=True, shown_from=logging.INFO)
    say(f"The session is kept in {sign_in_by_hand(settings.fetching)}")
