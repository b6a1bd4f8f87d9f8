"""Settings of running the pipeline: retries, schedule, alerts."""

from pydantic import Field, SecretStr

from babynames_dagster.settings.groups.group import Group
from babynames_dagster.settings.types import Owners, SecretWebAddress, TimeZone, WebAddress


class RetrySettings(Group):
    """How often, and after what pause, something that can pass is tried again."""

    max_retries: int = Field(
        3, validation_alias="MAX_RETRIES", ge=0, le=100, description="Tries after the first, for what can pass"
    )
    retry_delay: int = Field(
        1000, validation_alias="RETRY_DELAY", ge=0, description="Milliseconds before the first retry; doubled each time"
    )

    @property
    def delay_seconds(self) -> float:
        """RETRY_DELAY in seconds."""
        return self.retry_delay / 1000


class ScheduleSettings(Group):
    """What happens by the clock."""

    daily_cron: str = Field(
        "0 6 * * *", validation_alias="DAILY_CRON", description="When the daily schedule runs, once switched on"
    )
    daily_time_zone: TimeZone = Field(
        "UTC", validation_alias="DAILY_TIME_ZONE", description="Time zone of DAILY_CRON, such as `Europe/Berlin`"
    )
    runs_kept_days: int = Field(
        90,
        validation_alias="RUNS_KEPT_DAYS",
        ge=0,
        description="Days that Dagster's runs and their events are kept; 0 for ever",
    )


class AlertSettings(Group):
    """Who is notified of a failed run, and whose the assets are."""

    asset_owners: Owners | None = Field(
        None,
        validation_alias="ASSET_OWNERS",
        description="Owners of the assets in the UI, separated by commas: `team:growth, ana@example.com`",
    )

    webhook_url: SecretWebAddress | None = Field(
        None, validation_alias="ALERT_WEBHOOK_URL", description="Slack-compatible address for failed runs"
    )
    success_ping_url: SecretWebAddress | None = Field(
        None,
        validation_alias="SUCCESS_PING_URL",
        description="Address that is asked for after each run that brought all contacts and passed its checks",
    )
    smtp_host: str | None = Field(None, validation_alias="SMTP_HOST", description="Mail server for failed runs")
    smtp_port: int = Field(587, validation_alias="SMTP_PORT", ge=1, le=65535, description="Mail server's port")
    smtp_user: str | None = Field(None, validation_alias="SMTP_USER", description="Mail server's user")
    smtp_password: SecretStr | None = Field(
        None, validation_alias="SMTP_PASSWORD", description="Mail server's password"
    )
    email_from: str | None = Field(None, validation_alias="ALERT_EMAIL_FROM", description="Sender of alert mails")
    email_to: str | None = Field(
        None, validation_alias="ALERT_EMAIL_TO", description="Receivers of alert mails, separated by commas"
    )
    ui_url: WebAddress = Field(
        "http://127.0.0.1:3000", validation_alias="DAGSTER_UI_URL", description="Where links in alerts lead"
    )

    @property
    def owners(self) -> list[str]:
        """ASSET_OWNERS, one by one."""
        return [owner.strip() for owner in (self.asset_owners or "").split(",") if owner.strip()]
