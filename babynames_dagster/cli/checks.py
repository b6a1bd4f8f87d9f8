"""What `babynames check` tries: each connection for real, said in one line.

What belongs here: asking the domain. What does not: drawing.
"""

import sqlalchemy as sa

from babynames_dagster.database.engine import open_engine, reading
from babynames_dagster.database.migrate import current_revision, ensure_schema
from babynames_dagster.hubspot.account_check import check_account
from babynames_dagster.kaggle.check import check_kaggle
from babynames_dagster.settings import Settings


def check_database(settings: Settings) -> str:
    """Connect, bring the schema to head, and say what answered.

    Raises:
        PipelineError: MISSING_CONFIG, or any DB_* code.
    """
    engine = open_engine(settings.sqlalchemy_url())
    try:
        ensure_schema(engine, auto_migrate=settings.db_auto_migrate)
        with reading(engine) as connection:
            function = "sqlite_version()" if engine.dialect.name == "sqlite" else "version()"
            version = connection.execute(sa.text(f"SELECT {function}")).scalar_one()
        where = engine.url.render_as_string(hide_password=True)
        return f"{where}, {engine.dialect.name} {version}, schema at {current_revision(engine)}"
    finally:
        engine.dispose()


def check_kaggle_site(settings: Settings) -> str:
    """Try the way to Kaggle that the settings choose.

    Raises:
        PipelineError: MISSING_CONFIG, or any KAGGLE_* code.
    """
    return check_kaggle(settings)


def check_hubspot_account(settings: Settings) -> str:
    """Ask HubSpot who we are, and whether the mapping fits the account.

    Raises:
        PipelineError: MISSING_CONFIG, any HUBSPOT_* code, or a DB_* code, because pacing lives in the database.
    """
    settings.require("hubspot_access_token")
    engine = open_engine(settings.sqlalchemy_url())
    try:
        ensure_schema(engine, auto_migrate=settings.db_auto_migrate)
        return check_account(settings, engine)
    finally:
        engine.dispose()
