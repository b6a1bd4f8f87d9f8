"""Notifying people of a failed run, by webhook and by mail.

What belongs here: what an alert says, and its delivery. What does not: when there is one, which Dagster's
run-failure sensor knows. Nothing here raises: an alert that can't be delivered must not break anything.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

import requests

from babynames_dagster.common.log.masking import Mask
from babynames_dagster.settings import AlertSettings
from babynames_dagster.settings.sandbox_file import is_loopback

TIMEOUT: float = 10.0
_CAUSE_LENGTH = 2000
_IMPLICIT_TLS_PORT = 465


@dataclass(frozen=True)
class Alert:
    """A failed run, as people are notified of it.

    Attributes:
        job: What the run is called.
        run_id: Dagster's id of the run.
        code: The error's code, such as `DB_AUTH_ERROR`.
        cause: What happened, and where.
        remedy: What a person does about it.
        link: The run's page in Dagster's UI.
    """

    job: str
    run_id: str
    code: str
    cause: str
    remedy: str
    link: str

    @property
    def title(self) -> str:
        """One line that says what failed, and how."""
        return " ".join(f"{self.job} failed: {self.code}".split())


def send_alert(alert: Alert, settings: AlertSettings, mask: Mask, *, timeout: float = TIMEOUT) -> list[str]:
    """Send an alert to every target that the settings name, with all secrets masked.

    Args:
        alert: What to send.
        settings: ALERT_WEBHOOK_URL, SMTP_* and ALERT_EMAIL_*; without them, nothing is sent.
        mask: Hides secrets.
        timeout: Seconds to wait for a target's answer.

    Returns:
        What could not be delivered and why, one line a target, for the log.
    """
    masked = _masked(alert, mask)
    failures = []
    if settings.webhook_url is not None:
        failures.append(_post(settings.webhook_url.get_secret_value(), slack_message(masked), timeout))
    if settings.smtp_host is not None:
        failures.append(_mail(masked, settings.smtp_host, settings, timeout))
    return [failure for failure in failures if failure is not None]


def slack_message(alert: Alert) -> dict[str, str]:
    """Return an alert as the JSON of an incoming webhook (Slack, and those that imitate it).

    Slack's mark-up needs `&`, `<` and `>` escaped, and nothing else ("Formatting text for app surfaces").
    """
    lines = [
        f"*{_escaped(alert.title)}*",
        _escaped(_cut(alert.cause)),
        f"*What to do:* {_escaped(alert.remedy)}",
        f"<{_escaped(alert.link)}|Run {_escaped(alert.run_id[:8])}>",
    ]
    return {"text": "\n".join(lines)}


def mail_message(alert: Alert, *, sender: str, receivers: list[str]) -> EmailMessage:
    """Return an alert as a plain-text mail."""
    message = EmailMessage()
    message["Subject"] = alert.title
    message["From"] = sender
    message["To"] = ", ".join(receivers)
    message.set_content(
        f"{alert.title}\n\n{_cut(alert.cause)}\n\nWhat to do: {alert.remedy}\n\nRun {alert.run_id}: {alert.link}\n"
    )
    return message


def ping(url: str, *, timeout: float = TIMEOUT) -> str | None:
    """Ask for SUCCESS_PING_URL, as a monitor expects after each success; its silence is what the monitor reports.

    Returns:
        Why the monitor was not reached, for the log; None where it was.
    """
    return _delivered("SUCCESS_PING_URL", lambda: requests.get(url, timeout=timeout, allow_redirects=False))


def _post(url: str, payload: dict[str, str], timeout: float) -> str | None:
    return _delivered(
        "ALERT_WEBHOOK_URL", lambda: requests.post(url, json=payload, timeout=timeout, allow_redirects=False)
    )


def _delivered(variable: str, call: Callable[[], requests.Response]) -> str | None:
    # The address itself lets anybody post, and requests puts it into its errors: only their kind is reported.
    try:
        answer = call()
    except (requests.RequestException, OSError, ValueError) as error:
        return f"{variable} was not reached: {type(error).__name__}"
    if not answer.ok or answer.is_redirect:
        return f"{variable} refused the call: HTTP {answer.status_code}"
    return None


def _mail(alert: Alert, host: str, settings: AlertSettings, timeout: float) -> str | None:
    server = f"{host}:{settings.smtp_port}"
    receivers = [address.strip() for address in (settings.email_to or "").split(",") if address.strip()]
    sender = settings.email_from or settings.smtp_user
    if not receivers or sender is None:
        return f"no mail through {server}: ALERT_EMAIL_TO and ALERT_EMAIL_FROM must be set"
    try:
        message = mail_message(alert, sender=sender, receivers=receivers)
        with _connection(host, settings.smtp_port, timeout) as connection:
            _sign_in(connection, host, settings)
            refused = connection.send_message(message)
    except smtplib.SMTPResponseException as error:
        return f"the mail server {server} refused the alert: {error.smtp_code} ({type(error).__name__})"
    except (OSError, ValueError) as error:
        return f"the mail server {server} did not take the alert: {type(error).__name__}"
    return f"the mail server {server} refused some receivers: {', '.join(refused)}" if refused else None


def _connection(host: str, port: int, timeout: float) -> smtplib.SMTP:
    if port == _IMPLICIT_TLS_PORT:
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=timeout)


def _sign_in(connection: smtplib.SMTP, host: str, settings: AlertSettings) -> None:
    """Turn encryption on wherever the server offers it, and sign in where credentials are set."""
    encrypted = isinstance(connection, smtplib.SMTP_SSL)
    connection.ehlo()
    if not encrypted and connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        encrypted = True
    if settings.smtp_user is None or settings.smtp_password is None:
        return
    if not encrypted and not is_loopback(host):
        raise smtplib.SMTPNotSupportedError  # a password is not sent in the clear
    connection.login(settings.smtp_user, settings.smtp_password.get_secret_value())


def _masked(alert: Alert, mask: Mask) -> Alert:
    return Alert(
        job=mask(alert.job),
        run_id=mask(alert.run_id),
        code=mask(alert.code),
        cause=mask(alert.cause),
        remedy=mask(alert.remedy),
        link=mask(alert.link),
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    return text if len(text) <= _CAUSE_LENGTH else text[: _CAUSE_LENGTH - 1] + "…"
