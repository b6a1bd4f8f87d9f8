"""A Chromium of our own, for as long as a block lasts.

What belongs here: finding it, starting it, closing it, and what its failures mean. What does not: pages.
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
from babynames_dagster.kaggle.browser.apart import run_apart
from babynames_dagster.kaggle.browser.session import forget_session, kept_session
from babynames_dagster.settings import Settings

_ON_PATH = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
_FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_MILLISECONDS = 1000
_PREFIX = "babynames-"
_LONGEST_FOLDER = 30
_START_SECONDS = 60.0
_CLOSE_SECONDS = 10.0


def find_chromium(settings: Settings) -> Path | None:
    """Return the browser that would be driven: CHROMIUM_PATH, Playwright's own, or one of this machine's.

    Args:
        settings: For CHROMIUM_PATH.

    Raises:
        PipelineError: BROWSER_MISSING where CHROMIUM_PATH names no program.
    """

    async def ask() -> Path | None:
        async with async_playwright() as playwright:
            return _find(settings, playwright)

    return run_apart(ask)


@asynccontextmanager
async def open_browser(
    settings: Settings, *, headless: bool, downloads: Path | None = None
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
        context.set_default_timeout(settings.kaggle_timeout * _MILLISECONDS)
        yield context


def browser_error(error: Error, doing: str) -> PipelineError:
    """Say what Playwright's error means, without its text: that quotes what was typed.

    Args:
        error: What Playwright raised.
        doing: What was being done, to follow "while".
    """
    text = error.message
    network = re.search(r"net::(ERR_\w+)", text)
    if network:
        return PipelineError(ErrorCode.KAGGLE_UNREACHABLE, f"The browser met {network.group(1)} while {doing}.")
    if isinstance(error, PlaywrightTimeoutError) and "goto" not in text.partition(":")[0]:
        return PipelineError(ErrorCode.KAGGLE_LAYOUT_UNKNOWN, f"The page did not take a click in time while {doing}.")
    if isinstance(error, PlaywrightTimeoutError):
        return PipelineError(ErrorCode.KAGGLE_UNREACHABLE, f"No answer in time while {doing}.")
    if re.search(r"(parsing|unknown|unexpected).*(selector|engine|token)", text, re.IGNORECASE):
        return PipelineError(ErrorCode.INVALID_CONFIG, f"A selector of KAGGLE_LOCATORS is none, met while {doing}.")
    return PipelineError(ErrorCode.BROWSER_FAILED, f"The browser failed while {doing}.")


def _find(settings: Settings, playwright: Playwright) -> Path | None:
    if settings.chromium_path is not None:
        named = shutil.which(settings.chromium_path.expanduser())
        if named is None:
            raise PipelineError(ErrorCode.BROWSER_MISSING, f"CHROMIUM_PATH={settings.chromium_path} is no program.")
        return Path(named)
    candidates = (playwright.chromium.executable_path, *_ON_PATH)
    found = next(filter(None, map(shutil.which, candidates)), None)
    return Path(found) if found else None


@asynccontextmanager
async def _running(
    settings: Settings, playwright: Playwright, *, headless: bool, downloads: Path | None
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


async def _context(browser: Browser, settings: Settings, *, headless: bool) -> BrowserContext:
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
    settings: Settings, playwright: Playwright, *, headless: bool, downloads: Path | None, scratch: str
) -> Browser:
    program = _find(settings, playwright)
    if program is None:
        raise PipelineError(ErrorCode.BROWSER_MISSING, "There is no Chromium or Chrome on this machine.")
    try:
        return await playwright.chromium.launch(
            executable_path=program,
            headless=headless,
            downloads_path=downloads,
            args=_FLAGS,
            env={**os.environ, "TMPDIR": scratch},
            chromium_sandbox=os.geteuid() != 0,  # Chromium refuses to sandbox root
            timeout=_START_SECONDS * _MILLISECONDS,
        )
    except Error as error:
        failure = _launch_error(error.message, program)
    raise failure


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
