"""No password, token or cookie in anything that a failing login leaves behind."""

import logging
import traceback
from pathlib import Path

import pytest
from playwright.async_api import Page

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.launch import open_browser
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop
from babynames_dagster.kaggle.browser.screenshots import blank_fields
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle

pytestmark = pytest.mark.usefixtures("chromium")

_PASSWORD = "Tr0ub4dor-&-3"

_PAGE = f"""<!doctype html><title>Login</title>
<p id="echo">You typed {_PASSWORD.replace("&", "&amp;")}.</p><p title="{_PASSWORD.replace("&", "&amp;")}">Again</p>
<input id="typed"><input type="password" value="{_PASSWORD.replace("&", "&amp;")}">
<textarea>{_PASSWORD.replace("&", "&amp;")}</textarea><div contenteditable>{_PASSWORD.replace("&", "&amp;")}</div>
<div id="host"></div><iframe srcdoc="<input value='{_PASSWORD.replace("&", "&amp;amp;")}'>"></iframe>
<script>document.querySelector("#host").attachShadow({{mode: "open"}}).innerHTML = "<input id='inner'>";</script>"""

# Everything that could show: the markup, in frames too, and what fields hold beyond it.
_SHOWN = """() => {
  const values = (root) => [...root.querySelectorAll("*")].flatMap((element) =>
    [element.value ?? "", ...(element.shadowRoot ? values(element.shadowRoot) : [])]);
  return document.documentElement.outerHTML + values(document).join(" ");
}"""


def _everything(error: BaseException) -> str:
    """Return an exception's text with its whole chain, suppressed parts included."""
    texts, seen = [], error
    while seen is not None:
        texts.append("".join(traceback.format_exception(seen)) + repr(seen) + repr(vars(seen)))
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return "\n".join(texts)


@pytest.mark.parametrize("failing", ["refused login", "login page without an end", "unknown layout"])
def test_a_failing_login_leaves_no_password_behind(
    kaggle: Kaggle,
    make_settings: MakeSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    failing: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    kaggle.behaviour.echoes_password = True
    if failing == "login page without an end":
        kaggle.behaviour.login_seconds = 60
    locators = {"submit": 'role=button[name="Nowhere"]'} if failing == "unknown layout" else {}
    settings = make_settings(
        kaggle_password=_PASSWORD,
        kaggle_key=None,
        max_retries=0,
        kaggle_timeout=30 if failing == "refused login" else 2,
        kaggle_locators=locators,
    )

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written, "a screenshot at least"
    assert _PASSWORD not in _everything(caught.value) + caplog.text
    assert not [content for content in written if _PASSWORD.encode() in content]


def test_a_page_is_blank_before_its_picture_is_taken(make_settings: MakeSettings) -> None:
    settings = make_settings()

    async def shown_after_blanking() -> str:
        async with open_browser(settings, headless=True) as context:
            page = await context.new_page()
            await page.set_content(_PAGE)
            await page.fill("#typed", _PASSWORD)
            await page.fill("#inner", _PASSWORD)
            assert _PASSWORD in await _shown(page)
            await blank_fields(page, secrets=(_PASSWORD,))
            return await _shown(page)

    shown = run_in_own_loop(shown_after_blanking)

    assert "Again" in shown, "the rest of the page stays"
    assert _PASSWORD not in shown
    assert _PASSWORD.replace("&", "&amp;") not in shown


async def _shown(page: Page) -> str:
    return " ".join([await frame.evaluate(_SHOWN) for frame in page.frames])


def test_a_failing_download_leaves_no_cookie_behind(
    kaggle: Kaggle, make_settings: MakeSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kaggle.behaviour.download = "unknown"
    settings = make_settings(kaggle_timeout=2)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    assert caught.value.code is ErrorCode.KAGGLE_LAYOUT_UNKNOWN
    [cookie] = kaggle.sessions
    assert cookie not in _everything(caught.value) + caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and cookie.encode() in path.read_bytes()]
