"""The session that a login leaves: kept, used, refused, and made again."""

import json
import logging
import stat

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.fetch import visiting
from babynames_dagster.kaggle.browser.login import keep_new_session
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop
from babynames_dagster.kaggle.browser.session import session_file
from babynames_dagster.kaggle.browser.signin import sign_in
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster.settings import FetchSettings
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings, behave
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle

_SIGN_IN = "/api/i/users.LegacyUsersService/EmailSignIn"
_LOG = logging.getLogger(__name__)
pytestmark = pytest.mark.usefixtures("chromium")


def _keep_cookie(settings: FetchSettings, value: str) -> None:
    """Keep a session as an earlier run would have, readable by everybody."""
    cookie = {"name": "CLIENT-TOKEN", "value": value, "domain": "127.0.0.1", "path": "/"}
    file = session_file(settings)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"cookies": [cookie], "origins": []}))
    file.chmod(0o644)


def test_a_kept_session_makes_login_and_credentials_unnecessary(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    settings = make_settings(kaggle_email=None, kaggle_password=None)
    kaggle.sessions.add("signed-in-before")
    _keep_cookie(settings, "signed-in-before")

    assert obtain_dataset(settings).how == "fetched"
    assert _SIGN_IN not in kaggle.record.paths("site")


def test_a_session_that_the_browser_does_not_take_is_forgotten_and_made_again(
    kaggle: Kaggle, make_settings: MakeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = make_settings()
    _keep_cookie(settings, "secret-cookie")
    file = session_file(settings)
    file.write_text(file.read_text().replace('"path": "/"', '"sameSite": "Sometimes"'))

    assert obtain_dataset(settings).how == "fetched"
    assert f"{file}: it is forgotten" in caplog.text
    assert "secret-cookie" not in caplog.text
    [session] = kaggle.sessions
    assert session in file.read_text()


@pytest.mark.parametrize("signed_out", ["redirect", "dialog"])
def test_an_expired_session_leads_to_a_new_login_which_is_kept_for_its_owners_eyes_only(
    kaggle: Kaggle, make_settings: MakeSettings, signed_out: str
) -> None:
    behave(kaggle, signed_out=signed_out)
    settings = make_settings()
    _keep_cookie(settings, "expired")

    assert obtain_dataset(settings).how == "fetched"
    assert kaggle.record.paths("site").count(_SIGN_IN) == 1
    [session] = kaggle.sessions
    assert session in session_file(settings).read_text()
    assert stat.S_IMODE(session_file(settings).stat().st_mode) == 0o600


def test_a_person_signs_in_with_a_second_factor_and_the_headless_run_needs_no_credentials(
    kaggle: Kaggle, make_settings: MakeSettings
) -> None:
    behave(kaggle, signs_itself_in=True, after_login="two_factor")
    settings = make_settings(kaggle_email=None, kaggle_password=None)

    kept = run_in_own_loop(lambda: keep_new_session(settings, headless=True))

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert obtain_dataset(settings).how == "fetched"


def test_a_person_who_closes_the_window_gets_that_as_error(make_settings: MakeSettings) -> None:
    settings = make_settings(kaggle_email=None, kaggle_password=None)

    async def close_it() -> None:
        async with visiting(settings, _LOG, headless=True, by_hand=True) as visit:
            visit.page.once("domcontentloaded", lambda page: page.close())
            await sign_in(visit)

    with pytest.raises(PipelineError) as caught:
        run_in_own_loop(close_it)

    assert caught.value.code is ErrorCode.BROWSER_FAILED
    assert "window was closed" in caught.value.what
    assert not caught.value.retryable
    assert not session_file(settings).exists()
