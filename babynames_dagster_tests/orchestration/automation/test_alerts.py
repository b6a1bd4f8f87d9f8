"""Alerts, on real HTTP and mail servers on loopback."""

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr

from babynames_dagster.common.log.masking import Mask
from babynames_dagster.orchestration.automation.alerts import Alert, send_alert, slack_message
from babynames_dagster.settings import Settings, load_settings
from babynames_dagster_tests.support.servers.mariadb import free_port
from babynames_dagster_tests.support.servers.smtp import MailServer, running_mail_server
from babynames_dagster_tests.support.servers.webhook import webhook

ALERT = Alert(
    job="babynames",
    run_id="0123456789abcdef",
    code="DB_AUTH_ERROR",
    cause="db.example: Access denied for user <root> & co",
    remedy="Correct DB_USER and DB_PASSWORD.",
    link="http://127.0.0.1:3000/runs/0123456789abcdef",
)


def send(alert: Alert, settings: Settings, *, timeout: float = 10) -> list[str]:
    return send_alert(alert, settings.alerts, Mask(settings.secrets()), timeout=timeout)


def mailing(port: int, **more: object) -> Settings:
    return load_settings(
        smtp_host="127.0.0.1",
        smtp_port=port,
        alert_email_from="pipeline@example.com",
        alert_email_to="a@example.com, b@example.com",
        **more,
    )


def test_without_targets_nothing_is_sent_and_nothing_fails() -> None:
    assert send(ALERT, load_settings()) == []


def test_the_webhook_gets_code_cause_remedy_and_link_as_slack_reads_them() -> None:
    with webhook() as (url, bodies):
        assert send(ALERT, load_settings(alert_webhook_url=SecretStr(url))) == []
    assert json.loads(bodies[0]) == {
        "text": "*babynames failed: DB_AUTH_ERROR*\n"
        "db.example: Access denied for user &lt;root&gt; &amp; co\n"
        "*What to do:* Correct DB_USER and DB_PASSWORD.\n"
        "<http://127.0.0.1:3000/runs/0123456789abcdef|Run 01234567>"
    }


def test_an_endless_cause_is_cut() -> None:
    assert len(slack_message(replace(ALERT, cause="x" * 100_000))["text"]) < 2500


def test_each_receiver_gets_the_mail() -> None:
    with running_mail_server(MailServer()) as server:
        assert send(ALERT, mailing(server.port)) == []
    [(receivers, message)] = server.messages
    assert receivers == ["a@example.com", "b@example.com"]
    assert message["Subject"] == "babynames failed: DB_AUTH_ERROR"
    assert message["From"] == "pipeline@example.com"
    for part in (ALERT.cause, ALERT.remedy, ALERT.link):
        assert part in message.get_content()


def test_the_mail_server_is_signed_in_to_where_credentials_are_set() -> None:
    with running_mail_server(MailServer(credentials=("user", "s3cret-word"))) as server:
        signed_in = mailing(server.port, smtp_user="user", smtp_password=SecretStr("s3cret-word"))
        assert send(ALERT, signed_in) == []
        wrong = mailing(server.port, smtp_user="user", smtp_password=SecretStr("other-word"))
        [failure] = send(ALERT, wrong)
    assert failure == f"the mail server 127.0.0.1:{server.port} refused the alert: 535 (SMTPAuthenticationError)"
    assert len(server.messages) == 1


def test_a_password_is_not_sent_when_encryption_was_offered_and_then_fails() -> None:
    with running_mail_server(MailServer(extensions=("STARTTLS", "AUTH PLAIN"))) as server:
        settings = mailing(server.port, smtp_user="user", smtp_password=SecretStr("s3cret-word"))
        [failure] = send(ALERT, settings)
    assert "454" in failure
    assert not any(line.startswith("AUTH") for line in server.lines)


def test_a_refused_receiver_is_named_and_the_other_gets_the_mail() -> None:
    with running_mail_server(MailServer(refused=frozenset({"b@example.com"}))) as server:
        [failure] = send(ALERT, mailing(server.port))
    assert failure.endswith("refused some receivers: b@example.com")
    assert [receivers for receivers, _ in server.messages] == [["a@example.com"]]


def test_secrets_are_masked_in_what_is_sent() -> None:
    leaky = replace(ALERT, cause="login root with 'hush hush' at mysql://root:hush%20hush@db, token pat-eu1-12345")
    with webhook() as (url, bodies), running_mail_server(MailServer()) as server:
        settings = mailing(
            server.port,
            alert_webhook_url=SecretStr(url),
            db_password=SecretStr("hush hush"),
            hubspot_access_token=SecretStr("pat-eu1-12345"),
        )
        assert send(leaky, settings) == []
    for sent in (bodies[0].decode(), server.messages[0][1].get_content()):
        assert "hush" not in sent
        assert "pat-eu1" not in sent
        assert "login root with '********' at mysql://root:********@db, token ********" in sent


@pytest.mark.parametrize(("status", "location"), [(500, ""), (404, ""), (302, "https://elsewhere.example/")])
def test_a_webhook_that_refuses_is_reported_without_its_address(status: int, location: str) -> None:
    with webhook(status, location) as (url, bodies):
        failures = send(ALERT, load_settings(alert_webhook_url=SecretStr(url)))
    assert failures == [f"ALERT_WEBHOOK_URL refused the call: HTTP {status}"]
    assert len(bodies) == 1


def test_unreachable_targets_are_reported_and_never_raise() -> None:
    nobody = free_port()
    settings = mailing(nobody, alert_webhook_url=SecretStr(f"http://127.0.0.1:{nobody}/hook/T0P-S3CRET"))
    assert send(ALERT, settings, timeout=2) == [
        "ALERT_WEBHOOK_URL was not reached: ConnectionError",
        f"the mail server 127.0.0.1:{nobody} did not take the alert: ConnectionRefusedError",
    ]


@pytest.mark.parametrize("url", ["not an address", "http://", "ftp://example.com/x", "http://[::1"])
def test_a_webhook_address_that_makes_no_sense_is_reported_and_never_raises(url: str) -> None:
    settings = load_settings()
    alerts = settings.alerts.model_copy(update={"webhook_url": SecretStr(url)})
    settings = settings.model_copy(update={"alerts": alerts})
    [failure] = send(ALERT, settings)
    assert failure.startswith("ALERT_WEBHOOK_URL was not reached")


def test_a_failing_webhook_does_not_keep_the_mail_back() -> None:
    with running_mail_server(MailServer()) as server:
        settings = mailing(server.port, alert_webhook_url=SecretStr(f"http://127.0.0.1:{free_port()}/"))
        assert len(send(ALERT, settings)) == 1
    assert len(server.messages) == 1


def test_mail_without_a_receiver_is_reported() -> None:
    [failure] = send(ALERT, load_settings(smtp_host="127.0.0.1"))
    assert failure == "no mail through 127.0.0.1:587: ALERT_EMAIL_TO and ALERT_EMAIL_FROM must be set"


def test_line_breaks_in_a_title_do_not_become_headers() -> None:
    with running_mail_server(MailServer()) as server:
        assert send(replace(ALERT, code="X\r\nBcc: c@example.com"), mailing(server.port)) == []
    [(receivers, message)] = server.messages
    assert receivers == ["a@example.com", "b@example.com"]
    assert message["Bcc"] is None
