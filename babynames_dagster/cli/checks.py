"""What `babynames check` tries: each connection for real, said in one line.

What belongs here: asking the domain. What does not: drawing. Each check imports what it asks, so that a probe of the
database is cheap.

Nothing is loaded, sent or migrated. A check leaves what its calls need anyway: log lines, Kaggle's kept session, and
in a database that is ready the row that paces calls to HubSpot.
"""

import os
import tempfile
from pathlib import Path

from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.schema.standing import Standing, refuse_schema
from babynames_dagster.database.schema.state import DatabaseState, look_at
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import Settings


def check_database(settings: Settings) -> str:
    """Connect, and say what answered and whether a run could use it.

    Raises:
        PipelineError: MISSING_CONFIG, FILE_NOT_WRITABLE, or any DB_* code.
    """
    url = settings.database_address()
    found = look_at(url)
    refuse_schema(found.schema, auto_migrate=settings.database.auto_migrate)
    if found.server is None:
        _require_place(Path(str(url.database)))
    return describe_database(found)


def describe_database(found: DatabaseState) -> str:
    """Say in one line what a database is, and what to do where that is not enough for a run."""
    schema = found.schema
    if found.server is None:
        return (
            f"no ledger here (looked at {found.address}, which is not there yet): `babynames migrate`, or the next "
            "run, makes it; --data-dir names another folder"
        )
    if schema.foreign:
        state = f"another program's: its {' and '.join(schema.foreign)} has other columns than ours"
    elif schema.standing is Standing.HALF_MADE:
        state = (
            f"half-made: a migration from {schema.revision or 'nothing'} to {schema.head} stopped before its end, and "
            "`babynames migrate`, or the next run, resumes it"
        )
    elif schema.revision is None:
        state = "empty, without tables of ours: `babynames migrate`, or the next run, makes them"
    elif not schema.is_known:
        state = f"schema at {schema.revision}, which a newer version of this project made: update it"
    elif not schema.is_newest:
        state = (
            f"schema at {schema.revision}, older than this program: `babynames migrate`, or the next run, brings it to "
            f"{schema.head}"
        )
    else:
        state = f"schema at {schema.revision}"
    return f"{found.address}, {found.server}, {state}"


def check_schedule(settings: Settings) -> str:
    """Let Dagster read when the daily schedule runs.

    Raises:
        PipelineError: INVALID_CONFIG.
    """
    from babynames_dagster.orchestration.automation.schedules import daily_schedule  # noqa: PLC0415 - imports Dagster

    daily_schedule(settings.schedule)
    return f"{settings.schedule.daily_cron} ({settings.schedule.daily_time_zone}), once it is switched on"


def check_kaggle_site(settings: Settings) -> str:
    """Try the way to Kaggle that the settings choose.

    Raises:
        PipelineError: MISSING_CONFIG, or any KAGGLE_* code.
    """
    from babynames_dagster.kaggle.check import check_kaggle  # noqa: PLC0415 - `check db` is a probe: no browser's modules

    return check_kaggle(settings.fetching)


def check_hubspot_account(settings: Settings) -> str:
    """Ask HubSpot who we are, and whether the mapping fits the account.

    Raises:
        PipelineError: MISSING_CONFIG, any HUBSPOT_* code, or a DB_* code, because pacing lives in the database.
    """
    url = settings.database_address()
    if look_at(url).schema.is_newest:
        with opened_engine(url) as engine:
            return _check_account(settings, engine)
    # A handful of calls need no place in the app's shared pacing where its table is yet to come.
    with tempfile.TemporaryDirectory(prefix="babynames-check-") as folder:
        from babynames_dagster.database.schema.migrate import upgrade  # noqa: PLC0415 - Alembic takes long

        with opened_engine(make_url(f"sqlite:///{folder}/pacing.db")) as own:
            upgrade(own)
            return _check_account(settings, own)


def _check_account(settings: Settings, pacing: Engine) -> str:
    from babynames_dagster.hubspot.preflight import check_account  # noqa: PLC0415 - nor HubSpot's
    from babynames_dagster.names.contacts.mapping import NameMapping  # noqa: PLC0415 - as above

    mapping = NameMapping.from_settings(settings.hubspot)
    email = f"babynames-check@{mapping.email_domain}"
    return check_account(settings.account, pacing, mapping.contacts, email=email)


def _require_place(file: Path) -> None:
    """Raise unless a file can be made, with the folders that it needs."""
    folder = next(folder for folder in file.absolute().parents if folder.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise PipelineError(ErrorCode.FILE_NOT_WRITABLE, f"{file} can't be made: {folder} is not writable.")
