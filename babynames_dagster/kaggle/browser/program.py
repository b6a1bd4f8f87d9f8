"""Which browser is driven: CHROMIUM_PATH, Playwright's own, or one of this machine's."""

import shutil
from pathlib import Path

from playwright.async_api import Playwright, async_playwright

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.own_loop import run_in_own_loop

_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
_SHELLS = ("chrome-headless-shell", "headless_shell", "chromium-headless-shell")


def find_chromium(named: Path | None) -> Path | None:
    """Return the browser that a headless run would drive; None where there is none.

    Args:
        named: CHROMIUM_PATH.

    Raises:
        PipelineError: BROWSER_MISSING where CHROMIUM_PATH names no program.
    """

    async def ask() -> Path | None:
        async with async_playwright() as playwright:
            return browser_or_shell(named, playwright)

    return run_in_own_loop(ask)


def program_for(named: Path | None, playwright: Playwright, *, headless: bool) -> Path:
    """Return the browser to start.

    Args:
        named: CHROMIUM_PATH.
        playwright: Knows where its own browser would be.
        headless: Whether a headless shell, which opens no window, is enough.

    Raises:
        PipelineError: BROWSER_MISSING.
    """
    program = browser_or_shell(named, playwright)
    if program is None:
        raise PipelineError(ErrorCode.BROWSER_MISSING, "There is no Chromium or Chrome on this machine.")
    if not headless and program.name in _SHELLS:
        raise PipelineError(
            ErrorCode.BROWSER_MISSING, f"{program} is a headless shell, which opens no window, and there is no other."
        )
    return program


def browser_or_shell(named: Path | None, playwright: Playwright) -> Path | None:
    """Return CHROMIUM_PATH, else a whole browser, else a headless shell; None where there is none.

    Raises:
        PipelineError: BROWSER_MISSING where CHROMIUM_PATH names no program.
    """
    if named is not None:
        found = shutil.which(named.expanduser())
        if found is None:
            raise PipelineError(ErrorCode.BROWSER_MISSING, f"CHROMIUM_PATH={named} is no program.")
        return Path(found)
    own = Path(playwright.chromium.executable_path)
    candidates: tuple[str | Path, ...] = (own, *_BROWSERS, *_own_shells(own), *_SHELLS)
    program = next(filter(None, (shutil.which(candidate) for candidate in candidates)), None)
    return Path(program) if program else None


def _own_shells(own: Path) -> list[Path]:
    """Return Playwright's headless shell, as `playwright install --only-shell chromium` puts it beside its Chromium."""
    for folder in own.parents:
        if folder.name.startswith("chromium-"):
            shell_folder = folder.with_name(folder.name.replace("chromium-", "chromium_headless_shell-", 1))
            return [path for name in _SHELLS for path in sorted(shell_folder.glob(f"*/{name}"))]
    return []
