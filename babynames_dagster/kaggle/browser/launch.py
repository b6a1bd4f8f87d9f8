"""A Chromium of our own, for as long as a block lasts.

What belongs here: starting it, closing it, and what its failures mean. What does not: which one (`program.py`), pages.
"""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Error, Playwright, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from babynames_dagster.datafile.workspace import is_running
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.program import program_for
from babynames_dagster.kaggle.browser.proxy import proxy_for
from babynames_dagster.kaggle.browser.session import forget_session, kept_session
from babynames_dagster.settings import FetchSettings

# Chromium asks Google for updates, for form hints and for the signed-in accounts whatever the switches that should stop
# it. Each of these services has a switch for its address: port 9 of this machine, where no browser connects to.
_NOWHERE = "http://127.0.0.1:9"
_FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--component-updater=url-source=https://127.0.0.1:9/",
    f"--autofill-server-url={_NOWHERE}",
    f"--gaia-url={_NOWHERE}",
)
_MILLISECONDS = 1000
_PREFIX = "babynames-"
_LONGEST_FOLDER = 30
_START_SECONDS = 60.0
_CLOSE_SECONDS = 10.0


@asynccontextmanager
async def open_browser(
    settings: FetchSettings, *, headless: bool, downloads: Path | None = None
) -> AsyncIterator[BrowserContext]:
    """Start Chromium with the kept session, and close it on every way out.

    A session that Chromium does not take is forgotten, so that a new login follows.

    Args:
        settings: Browser, session and timeout.
        headless: Without a window.
        downloads: Where downloads are written.

    Raises:
        PipelineError: BROWSER_MISSING or BROWSER_FAILED.
    """
    async with (
        async_playwright() as playwright,
        _running(settings, playwright, headless=headless, downloads=downloads) as browser,
    ):
        context = await _context(browser, settings, headless=headless)
        context.set_default_timeout(settings.kaggle.timeout * _MILLISECONDS)
        yield context


def browser_error(error: Error, doing: str) -> PipelineError:
    """Say what Playwright's error means, without its text: that quotes what was typed.

    Args:
        error: What Playwright raised.
        doing: What was being done, to follow "while".
    """
    text = error.message
    network = re.search(r"net::(ERR_\w+)", text)
    if network and re.search("PROXY|TUNNEL|AUTH_CREDENTIALS", network[1]):
        return PipelineError(
            ErrorCode.KAGGLE_UNREACHABLE,
            f"The browser met {network[1]} while {doing}: the proxy does not let it through.",
            remedy="Check HTTPS_PROXY and HTTP_PROXY, with user and password if the proxy wants them, and NO_PROXY.",
        )
    if network:
        return PipelineError(ErrorCode.KAGGLE_UNREACHABLE, f"The browser met {network.group(1)} while {doing}.")
    if isinstance(error, PlaywrightTimeoutError) and "goto" not in text.partition(":")[0]:
        return PipelineError(ErrorCode.KAGGLE_LAYOUT_UNKNOWN, f"The page did not take a click in time while {doing}.")
    if isinstance(error, PlaywrightTimeoutError):
        return PipelineError(ErrorCode.KAGGLE_UNREACHABLE, f"No answer in time while {doing}.")
    if re.search(r"(parsing|unknown|unexpected).*(selector|engine|token)", text, re.IGNORECASE):
        return PipelineError(ErrorCode.INVALID_CONFIG, f"A selector of KAGGLE_LOCATORS is none, met while {doing}.")
    return PipelineError(ErrorCode.BROWSER_FAILED, f"The browser failed while {doing}.")


@asynccontextmanager
async def _running(
    settings: FetchSettings, playwright: Playwright, *, headless: bool, downloads: Path | None
) -> AsyncIterator[Browser]:
    # Ctrl-C reaches the driver as well, which then kills the browser: what that leaves behind goes with this folder.
    folder = _short_folder()
    _sweep(folder)
    prefix = f"{_PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as scratch:
        browser = await _launch(settings, playwright, headless=headless, downloads=downloads, scratch=scratch)
        try:
            yield browser
        finally:
            # Shielded, so that a second cancellation does not leave the browser open.
            with suppress(Error, asyncio.TimeoutError):
                await asyncio.shield(asyncio.wait_for(browser.close(), _CLOSE_SECONDS))


def _sweep(folder: str) -> None:
    """Take away what browsers of killed processes left."""
    for leftover in Path(folder).glob(f"{_PREFIX}*-*"):
        pid = leftover.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not is_running(int(pid)):
            shutil.rmtree(leftover, ignore_errors=True)


def _short_folder() -> str:
    """Return a folder for temporary files with room for the browser's socket: its path has 104 characters at most."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - only as parent of a folder of our own


async def _context(browser: Browser, settings: FetchSettings, *, headless: bool) -> BrowserContext:
    session = kept_session(settings)
    context = await _context_with(browser, session, headless=headless)
    if context is None and session is not None and browser.is_connected():
        forget_session(settings)
        context = await _context_with(browser, None, headless=headless)
    if context is None:
        raise PipelineError(ErrorCode.BROWSER_FAILED, "The browser opens no window.")
    return context


async def _context_with(browser: Browser, session: Path | None, *, headless: bool) -> BrowserContext | None:
    try:
        # English, because the locators are. In a window, the page follows the window's size.
        return await browser.new_context(storage_state=session, locale="en-US", no_viewport=not headless)
    except Error:  # its text may quote cookies
        return None


async def _launch(
    settings: FetchSettings, playwright: Playwright, *, headless: bool, downloads: Path | None, scratch: str
) -> Browser:
    program = program_for(settings.kaggle.chromium_path, playwright, headless=headless)
    try:
        return await playwright.chromium.launch(
            executable_path=program,
            headless=headless,
            downloads_path=downloads,
            args=_FLAGS,
            proxy=proxy_for(settings.kaggle.base_url),
            env={**os.environ, "TMPDIR": scratch},
            chromium_sandbox=os.geteuid() != 0,  # Chromium refuses to sandbox root
            timeout=_START_SECONDS * _MILLISECONDS,
        )
    except Error as error:
        raise _launch_error(error.message, program) from None


def _launch_error(text: str, program: Path) -> PipelineError:
    what = f"{program} did not start"
    if re.search(r"missing x server|\$DISPLAY|cannot open display", text, re.IGNORECASE):
        return PipelineError(
            ErrorCode.BROWSER_FAILED,
            f"{what}: it needs a screen to open a window on, and there is none.",
            remedy="Do it on a machine with a screen, or through `ssh -X`; runs without one need KAGGLE_HEADLESS=true.",
            retryable=False,
        )
    if re.search(r"no usable sandbox|sandbox host", text, re.IGNORECASE):
        return PipelineError(
            ErrorCode.BROWSER_FAILED,
            f"{what}: its sandbox is not available to this user.",
            remedy="Install chromium-sandbox, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1).",
            retryable=False,
        )
    reason = re.search(r"error while loading shared libraries: .*|(?<=FATAL:).*", text)
    return PipelineError(ErrorCode.BROWSER_FAILED, f"{what}: {reason.group(0)}" if reason else f"{what}.")
