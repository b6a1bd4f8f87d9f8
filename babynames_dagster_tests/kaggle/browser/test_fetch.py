"""The browser way, with real Chromium, on each variant of the site."""

import asyncio
import logging
import re
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from babynames_dagster.common.progress import Progress, ignore_progress
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.download import open_downloads, start_download
from babynames_dagster.kaggle.browser.fetch import visiting
from babynames_dagster.kaggle.browser.login import sign_in_by_hand
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop
from babynames_dagster.kaggle.browser.program import find_chromium
from babynames_dagster.kaggle.browser.session import session_file
from babynames_dagster.kaggle.browser.signin import sign_in
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster.kaggle.obtained import Obtained
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings, behave
from babynames_dagster_tests.support.servers.mariadb import free_port
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle

pytestmark = pytest.mark.usefixtures("chromium")

_SHORT = 4.0  # seconds to wait where the test is that nothing comes
_LONG = 600.0  # seconds that no test waits for
_LOG = logging.getLogger(__name__)


def _screenshots(settings_logs: Path) -> list[Path]:
    return sorted(settings_logs.glob("*.png")) if settings_logs.exists() else []


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(
            {"provider_page": True, "login_seconds": 1.0},
            id="the provider page, a slow login, the file's own control under a banner",
        ),
        pytest.param(
            {"banner": False, "page": "bot_check_passes", "download": "menu"},
            id="a bot check that lets the browser through, the header's menu, which gives archive.zip",
        ),
        pytest.param({"download": "direct"}, id="the header's button at once"),
    ],
)
def test_fetches_through_every_known_form_of_the_site(
    kaggle: Kaggle, make_settings: MakeSettings, behaviour: dict[str, object]
) -> None:
    behave(kaggle, **behaviour)
    settings = make_settings()
    seen: list[Progress] = []

    obtained = obtain_dataset(settings, on_progress=seen.append)

    assert (obtained.how, obtained.method) == ("fetched", "browser")
    assert obtained.final == settings.files.downloads / "babyNamesUSYOB-full.csv.zip"
    assert obtained.path.parent == obtained.final.parent
    assert not obtained.final.exists(), "only the IO manager gives the final name"
    assert list(settings.files.downloads.iterdir()) == [obtained.path]
    assert (seen[-1].done, seen[-1].total) == (obtained.found.file.size, obtained.found.file.size)


def test_a_plain_csv_is_given_a_csv_name(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    behave(kaggle, content="csv")

    assert obtain_dataset(make_settings()).final.name == "babyNamesUSYOB-full.csv"


@pytest.mark.parametrize(
    ("behaviour", "timeout", "code"),
    [
        pytest.param({"after_login": "two_factor"}, _LONG, ErrorCode.KAGGLE_TWO_FACTOR, id="second factor"),
        pytest.param({"after_login": "captcha"}, _LONG, ErrorCode.KAGGLE_BOT_CHECK, id="captcha at the login"),
        pytest.param({"page": "bot_check"}, _SHORT, ErrorCode.KAGGLE_BOT_CHECK, id="bot check that stays"),
        pytest.param({"page": "missing"}, _LONG, ErrorCode.KAGGLE_NOT_FOUND, id="no such dataset"),
        pytest.param({"page": "error"}, _LONG, ErrorCode.KAGGLE_SITE_ERROR, id="error page"),
        pytest.param({"page": "rate_limited"}, _LONG, ErrorCode.KAGGLE_RATE_LIMITED, id="too many requests"),
        pytest.param({"download": "unknown"}, _SHORT, ErrorCode.KAGGLE_LAYOUT_UNKNOWN, id="changed layout"),
        pytest.param(
            {"download": "dead"}, _SHORT, ErrorCode.KAGGLE_DOWNLOAD_NOT_STARTED, id="button that does nothing"
        ),
        pytest.param({"transfer": "refused"}, _LONG, ErrorCode.KAGGLE_FORBIDDEN, id="refused download"),
        pytest.param({"transfer": "stalled"}, _SHORT, ErrorCode.KAGGLE_DOWNLOAD_STALLED, id="stalled download"),
        pytest.param(
            {"transfer": "truncated"}, _LONG, ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED, id="download that ends short"
        ),
    ],
)
def test_each_obstacle_has_its_code_a_remedy_and_a_screenshot(
    kaggle: Kaggle, make_settings: MakeSettings, behaviour: dict[str, object], timeout: float, code: ErrorCode
) -> None:
    behave(kaggle, **behaviour)
    settings = make_settings(kaggle_timeout=timeout)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    assert caught.value.code is code
    assert caught.value.remedy
    [screenshot] = _screenshots(settings.files.logs)
    assert str(screenshot) in caught.value.what
    assert list(settings.files.downloads.iterdir()) == [], "nothing half-written stays"


def test_wrong_credentials_are_distinguished_from_everything_else(make_settings: MakeSettings) -> None:
    settings = make_settings(kaggle_password="not the password", max_retries=3)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    assert caught.value.code is ErrorCode.KAGGLE_AUTH_ERROR
    assert len(_screenshots(settings.files.logs)) == 1, "no retry can help"
    assert not session_file(settings).exists()


def test_a_web_page_in_the_files_place_is_not_taken_for_it(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    behave(kaggle, content="html")
    settings = make_settings()

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    assert caught.value.code is ErrorCode.KAGGLE_SITE_ERROR
    assert list(settings.files.downloads.iterdir()) == []


def test_a_site_that_does_not_answer_is_unreachable(make_settings: MakeSettings) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_base_url=address))

    assert caught.value.code is ErrorCode.KAGGLE_UNREACHABLE
    assert f"nothing serves {address}, so the sandbox there is not running" in caught.value.what
    assert "Start the sandbox again: `babynames sandbox`; or correct KAGGLE_BASE_URL" in caught.value.remedy


def test_what_can_pass_is_tried_again(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    behave(kaggle, transfer="refused", broken_transfers=0, page="error")
    settings = make_settings(max_retries=1)

    with pytest.raises(PipelineError):
        obtain_dataset(settings)

    assert len(_screenshots(settings.files.logs)) == 2


def test_a_banner_is_dismissed_without_the_mouse_which_another_click_may_be_using(make_settings: MakeSettings) -> None:
    async def dismissed() -> str:
        async with visiting(make_settings(), _LOG, headless=True, by_hand=False) as visit:
            await visit.page.set_content(
                "<button onclick='document.body.textContent = event.isTrusted'>OK, Got it.</button>"
            )
            await visit.page.get_by_text(re.compile("true|false")).wait_for()
            return await visit.page.inner_text("body")

    assert run_in_own_loop(dismissed) == "false"


def test_a_browser_that_ends_during_a_download_is_reported_at_once(
    kaggle: Kaggle, make_settings: MakeSettings, tmp_path: Path
) -> None:
    behave(kaggle, transfer="stalled")
    settings = make_settings(kaggle_timeout=_LONG)

    async def end_it() -> None:
        async with visiting(settings, _LOG, headless=True, by_hand=False, downloads=tmp_path) as visit:
            downloads = await open_downloads(visit.page.context, visit.page, tmp_path)
            await sign_in(visit)
            assert await start_download(visit, downloads)
            protocol = await visit.page.context.new_cdp_session(visit.page)
            await protocol.send("Browser.close")
            await downloads.finish(ignore_progress, patience=_LONG)

    with pytest.raises(PipelineError) as caught:
        run_in_own_loop(end_it)

    assert caught.value.code is ErrorCode.BROWSER_FAILED
    assert caught.value.retryable


def test_a_users_own_locator_makes_up_for_a_changed_layout(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    behave(kaggle, download="unknown")
    own = {"dataset_download": 'role=button[name="Save a copy"]'}

    assert obtain_dataset(make_settings(kaggle_locators=own)).how == "fetched"


def test_auto_falls_back_to_rest_where_the_browser_is_blocked(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    behave(kaggle, after_login="two_factor")

    obtained = obtain_dataset(make_settings(kaggle_method="auto"))

    assert (obtained.how, obtained.method) == ("fetched", "api")


def test_works_within_an_event_loop_and_with_a_long_path_of_temporary_files(
    kaggle: Kaggle, make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    settings = make_settings()

    async def within_a_loop() -> Obtained:
        return obtain_dataset(settings)

    assert asyncio.run(within_a_loop()).path.read_bytes() == sample.read_bytes()
    assert kaggle.record.paths("storage") == ["/files/babyNamesUSYOB-full.csv.zip"], "one file, not all of them"


def test_a_window_without_a_screen_is_reported(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    with pytest.raises(PipelineError) as caught:
        sign_in_by_hand(make_settings())

    assert caught.value.code is ErrorCode.BROWSER_FAILED
    assert "screen" in caught.value.what
    assert not caught.value.retryable


def test_nothing_to_sign_in_with_is_reported_before_any_browser_starts(
    kaggle: Kaggle, make_settings: MakeSettings
) -> None:
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_password=None))

    assert caught.value.code is ErrorCode.MISSING_CONFIG
    assert "KAGGLE_PASSWORD" in caught.value.what
    assert kaggle.record.requests == []


def test_a_headless_shell_is_enough_without_a_window(
    make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chromium: Path
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))

    async def own() -> Path:
        async with async_playwright() as playwright:
            return Path(playwright.chromium.executable_path)

    revision = next(part for part in run_in_own_loop(own).parts if part.startswith("chromium-"))
    shell = (
        tmp_path / "browsers" / revision.replace("chromium-", "chromium_headless_shell-") / "linux" / "headless_shell"
    )
    shell.parent.mkdir(parents=True)
    shell.write_text(f'#!/bin/sh\nexec "{chromium}" "$@"\n')
    shell.chmod(0o700)
    monkeypatch.setattr("babynames_dagster.kaggle.browser.program._BROWSERS", ())
    without_path = make_settings(chromium_path=None)

    assert find_chromium(None) == shell
    assert obtain_dataset(without_path).method == "browser"
    with pytest.raises(PipelineError) as caught:
        sign_in_by_hand(without_path)
    assert caught.value.code is ErrorCode.BROWSER_MISSING
    assert "headless shell" in caught.value.what


def test_a_missing_browser_is_named(make_settings: MakeSettings, tmp_path: Path) -> None:
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(chromium_path=tmp_path / "no-such-browser"))

    assert caught.value.code is ErrorCode.BROWSER_MISSING
    assert "no-such-browser" in caught.value.what
