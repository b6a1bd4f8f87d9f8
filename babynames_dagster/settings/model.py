"""Every setting of the pipeline, typed: read once, from the environment and from `.env`.

What belongs here: one field a variable, with its default, its limits and a description (the README's table
is made from these). What does not: what a setting is used for.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import URL, make_url

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings.sources import env_file, environment, is_secret
from babynames_dagster.settings.types import (
    MYSQL_DIALECTS,
    AnyCase,
    ApiVersion,
    Bound,
    Cron,
    DatabaseAddress,
    DatasetName,
    Delimiter,
    Domain,
    Encoding,
    FileName,
    JsonSelectors,
    JsonTexts,
    LogLevel,
    Seconds,
    SecretWebAddress,
    Share,
    Token,
    UserPath,
    WebAddress,
)

__all__ = ["Seconds", "Settings", "current_settings", "load_settings"]

ENV_FILE = Path(".env")

_ADDRESS_PASSWORD = re.compile(r"(//[^/:@\s]*:)[^/@\s]*@")


class Settings(BaseSettings):
    """The pipeline's settings. Build it with `load_settings()`, which reports mistakes for people."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    # Database
    database_url: DatabaseAddress | None = Field(
        None,
        description="One address instead of DB_*: `mysql+pymysql://user:password@host/name` or `sqlite:///file`",
    )
    db_dialect: AnyCase[Literal["mysql", "mariadb", "mysql2", "sqlite"] | None] = Field(
        None,
        description="`mysql`, `mariadb` or `sqlite`; `mysql` where DB_HOST, DB_NAME or DB_USER is set",
    )
    db_host: str = Field("localhost", description="Database server")
    db_port: int = Field(3306, ge=1, le=65535, description="Database server's port")
    db_name: str | None = Field(None, description="Database name")
    db_user: str | None = Field(None, description="Database user")
    db_password: SecretStr | None = Field(None, description="Database password")
    db_auto_migrate: bool = Field(
        default=True, description="Bring the schema to its newest version before a step needs it"
    )

    # Kaggle
    kaggle_email: str | None = Field(None, description="Kaggle login, for the browser way")
    kaggle_password: SecretStr | None = Field(None, description="Kaggle password, for the browser way")
    kaggle_base_url: WebAddress = Field("https://www.kaggle.com", description="Kaggle's address")
    kaggle_dataset: DatasetName = Field(
        "thedevastator/us-baby-names-by-year-of-birth",
        description="Dataset, as `owner/name`",
    )
    kaggle_file: FileName = Field("babyNamesUSYOB-full.csv", description="File of the dataset")
    kaggle_headless: bool = Field(default=True, description="`false` opens a window, to sign in by hand")
    kaggle_method: AnyCase[Literal["browser", "api", "auto"]] = Field(
        "browser", description="`browser`, `api` (REST), or `auto`: REST when the browser way is blocked"
    )
    kaggle_username: str | None = Field(None, description="Kaggle user name, for the REST way")
    kaggle_key: Token | None = Field(None, description="Kaggle API key or KGAT token, for the REST way")
    kaggle_max_age_days: float | None = Field(None, gt=0, description="Older files count as missing")
    kaggle_timeout: Seconds = Field(60.0, gt=0, description="Seconds to wait for a page, or for a stalled download")
    kaggle_locators: JsonSelectors = Field(
        default_factory=dict, description="Selectors to try first, as JSON (see kaggle/browser/locators.py)"
    )
    chromium_path: UserPath | None = Field(None, description="Browser to drive, where none is found by itself")

    # Files
    data_dir: UserPath = Field(Path("data"), description="Everything the pipeline keeps, unless named otherwise")
    download_dir: UserPath | None = Field(None, description="Where the dataset's file is kept (`<DATA_DIR>/downloads`)")
    log_dir: UserPath | None = Field(None, description="Logs and screenshots (`<DATA_DIR>/logs`)")
    log_level: LogLevel = Field("INFO", description="How much is logged")

    # Load
    batch_size: int = Field(100_000, ge=1, description="Distinct rows gathered for one transaction of the load")
    csv_encoding: Encoding = Field("utf-8", description="Encoding of the CSV")
    csv_delimiter: Delimiter | None = Field(None, description="Field separator of the CSV, where sniffing it errs")
    max_uncompressed_bytes: int = Field(20_000_000_000, ge=1, description="Most bytes a CSV inside a zip may have")
    reject_limit: Share = Field(
        0.05, ge=0, le=1, description="Share of rejected rows (`0.05` or `5%`) above which a load fails"
    )
    rejects_kept: int = Field(1000, ge=0, description="Most rejected rows kept a load; their count is always exact")

    # HubSpot
    hubspot_access_token: Token | None = Field(
        None, description="Token of a HubSpot private app (older name: HUBSPOT_API_KEY)"
    )
    hubspot_base_url: WebAddress = Field("https://api.hubapi.com", description="HubSpot's address")
    hubspot_api_version: ApiVersion = Field(
        "v3", description="Version of HubSpot's API: `v3` (served until September 2027), or a dated one: `2026-03`"
    )
    hubspot_email_domain: Domain = Field("babynamesdemo.com", description="Domain of the contacts' emails")
    hubspot_email_style: AnyCase[Literal["readable", "unique"]] = Field(
        "readable", description="`readable`: `john.m@domain`; `unique`: `john-<time>-<id>@domain`"
    )
    hubspot_lifecycle_stage: str = Field("subscriber", description="`lifecyclestage` of the contacts")
    hubspot_lead_status: str = Field("NEW", description="`hs_lead_status` of the contacts")
    hubspot_extra_properties: JsonTexts = Field(
        default_factory=dict, description='Constant properties to add, as JSON: `{"source": "babynames"}`'
    )
    hubspot_requests_per_batch: int = Field(100, ge=1, le=100, description="Contacts a request")
    hubspot_batch_delay: int = Field(0, ge=0, description="Milliseconds between two requests, at least")
    hubspot_rate_limit: int | None = Field(
        None, ge=1, le=5000, description="Requests per 10 s; else what HubSpot says, else 100"
    )
    hubspot_daily_reserve: int = Field(1000, ge=0, description="Calls of the daily limit always left to other apps")
    hubspot_max_in_flight: int = Field(48, ge=1, le=256, description="Most requests under way at once")
    hubspot_timeout: Seconds = Field(30.0, gt=0, description="Seconds to wait for an answer")
    hubspot_wait: Seconds = Field(
        3600.0, ge=0, description="Seconds to wait for another run that sends the same partitions"
    )
    hubspot_max_creates: Bound = Field(
        "", description="Most contacts that one run may create: a number or a share; empty: any"
    )
    hubspot_max_updates: Bound = Field(
        "", description="Most contacts that one run may update: a number or a share; empty: any"
    )
    hubspot_max_archives: Bound = Field(
        "5%", description="Most contacts that one run may archive: a number, a share (`5%`), or `off`"
    )
    demo_mode: bool = Field(default=False, description="Send only the first MAX_RECORDS names")
    max_records: int = Field(50, ge=0, description="How many names DEMO_MODE sends")
    min_year: int | None = Field(
        None, ge=1000, le=9999, description="Send only names with births in or after this year"
    )
    max_year: int | None = Field(
        None, ge=1000, le=9999, description="Send only names with births in or before this year"
    )

    # Retries, schedules, alerts
    max_retries: int = Field(3, ge=0, le=100, description="Tries after the first, for what can pass")
    retry_delay: int = Field(1000, ge=0, description="Milliseconds before the first retry; doubled each time")
    daily_cron: Cron = Field("0 6 * * *", description="When the daily schedule runs, once switched on")
    alert_webhook_url: SecretWebAddress | None = Field(None, description="Slack-compatible address for failed runs")
    smtp_host: str | None = Field(None, description="Mail server for failed runs")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port")
    smtp_user: str | None = Field(None, description="Its user")
    smtp_password: SecretStr | None = Field(None, description="Its password")
    alert_email_from: str | None = Field(None, description="Sender of alert mails")
    alert_email_to: str | None = Field(None, description="Receivers of alert mails, separated by commas")
    dagster_ui_url: WebAddress = Field("http://127.0.0.1:3000", description="Where links in alerts lead")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say who wins: what is given in code, the environment, `.env`, the defaults."""
        exported = environment(settings_cls)
        return init_settings, exported, env_file(settings_cls, ENV_FILE, without=exported.named)

    @field_validator("max_year")
    @classmethod
    def _years_in_order(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("min_year")
        if value is not None and first is not None and first > value:
            raise ValueError(f"is before MIN_YEAR ({first})")
        return value

    @property
    def downloads(self) -> Path:
        """The download folder, absolute."""
        return (self.download_dir or self.data_dir / "downloads").resolve()

    @property
    def logs(self) -> Path:
        """The log folder, absolute."""
        return (self.log_dir or self.data_dir / "logs").resolve()

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.resolve()

    @property
    def retry_delay_seconds(self) -> Seconds:
        """RETRY_DELAY in seconds."""
        return self.retry_delay / 1000

    @property
    def uses_server(self) -> bool:
        """Whether DB_* or DATABASE_URL name a MySQL-like server rather than a SQLite file."""
        if self.database_url is not None:
            return make_url(self.database_url.get_secret_value()).get_backend_name() != "sqlite"
        if self.db_dialect is not None:
            return self.db_dialect in MYSQL_DIALECTS
        return not {"db_host", "db_name", "db_user"}.isdisjoint(self.model_fields_set)

    @property
    def needed_for_database(self) -> tuple[str, ...]:
        """Fields that have to be set before the database's address is whole; for `require`."""
        return ("db_name", "db_user") if self.uses_server and self.database_url is None else ()

    def sqlalchemy_url(self) -> URL:
        """Return the database's address, with PyMySQL as the driver of every MySQL-like server.

        Raises:
            PipelineError: MISSING_CONFIG where a server is meant, but not its database or user.
        """
        if self.database_url is not None:
            url = make_url(self.database_url.get_secret_value())
            if url.get_backend_name() == "sqlite":
                return url
            return url.set(drivername="mysql+pymysql")
        if self.uses_server:
            self.require(*self.needed_for_database)
            password = self.db_password.get_secret_value() if self.db_password else None
            return URL.create("mysql+pymysql", self.db_user, password, self.db_host, self.db_port, self.db_name)
        return URL.create("sqlite", database=str(self.data / (self.db_name or "babynames.db")))

    def require(self, *fields: str) -> None:
        """Make sure that settings which the selected step needs are there.

        Args:
            fields: Names of fields of this class.

        Raises:
            PipelineError: MISSING_CONFIG, naming every absent variable at once.
        """
        missing = [name for name in fields if getattr(self, name) is None]
        if missing:
            lines = [f"{name.upper()}: {type(self).model_fields[name].description}" for name in missing]
            raise PipelineError(ErrorCode.MISSING_CONFIG, "Not set:\n    " + "\n    ".join(lines))


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - the fields' own types
    """Read the environment and `.env` into settings.

    Args:
        overrides: Values by field name that win over both; what the command line was told.

    Raises:
        PipelineError: INVALID_CONFIG with every mistake at once: variable, value (never a secret's), and what
            it should be.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        mistakes = [_mistake(dict(item)) for item in error.errors(include_url=False)]
        raise PipelineError(
            ErrorCode.INVALID_CONFIG, "The settings have mistakes:\n    " + "\n    ".join(mistakes)
        ) from None


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """Return this process's settings, read at the first call."""
    return load_settings()


def _mistake(error: dict[str, Any]) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields[name]
    shown = "(hidden)" if is_secret(field) else _ADDRESS_PASSWORD.sub(r"\1...@", repr(error["input"]))
    problem = str(error["msg"]).removeprefix("Value error, ")
    return f"{name.upper()}={shown}: {problem}. {field.description}"
