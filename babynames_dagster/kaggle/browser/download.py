"""Downloading in the browser: starting it on the dataset's page, and following it to its end.

What belongs here: which control to click, progress, stalls and short ends. What does not: login (`signin.py`), and
what arrived (`kaggle/arrival.py`).
"""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import BrowserContext, CDPSession, Error, Locator, Page

from babynames_dagster.common.progress import Progress, ProgressListener
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.launch import browser_error
from babynames_dagster.kaggle.browser.locators import Landmark
from babynames_dagster.kaggle.browser.obstacles import without_query
from babynames_dagster.kaggle.browser.own_loop import within
from babynames_dagster.kaggle.browser.visit import Sign, Visit
from babynames_dagster.settings import FetchSettings

# One file is what is wanted; the whole dataset holds it too.
_CONTROLS: tuple[Landmark, ...] = ("file_download", "dataset_download")
_DRAWING_SECONDS: float = 3.0
_MILLISECONDS = 1000
_UNDER_WAY = "inProgress"
_LOST = "lost"  # ours, beside the protocol's own states


def dataset_path(settings: FetchSettings) -> str:
    """Return the path of the dataset's page with our file selected."""
    return f"/datasets/{quote(settings.kaggle.dataset)}?select={quote(settings.kaggle.file)}"


@dataclass(frozen=True)
class _State:
    """How far a download is, as the browser reports it."""

    done: int
    total: int | None
    state: str


class BrowserDownloads:
    """The downloads of a browser context, by the browser's own events.

    Playwright reports a download's begin and end only. The DevTools protocol (Browser.downloadWillBegin,
    Browser.downloadProgress) also reports how far it is, in whichever tab it began.
    """

    def __init__(self, protocol: CDPSession, folder: Path) -> None:
        """Use `open_downloads`."""
        self._folder = folder
        self._guid: str | None = None
        self._begun = asyncio.Event()
        self._states: asyncio.Queue[_State] = asyncio.Queue()
        self._last = _State(0, None, _UNDER_WAY)
        protocol.on("Browser.downloadWillBegin", self._begin)
        protocol.on("Browser.downloadProgress", self._proceed)

    def lose(self) -> None:
        """Say that the browser has ended, so that nothing waits for its events."""
        self._note(replace(self._last, state=_LOST))

    async def begun(self) -> None:
        """Wait until a download begins."""
        await self._begun.wait()

    async def finish(self, on_progress: ProgressListener, *, patience: float) -> Path:
        """Follow the download to its end.

        Args:
            on_progress: Called at every step, in bytes.
            patience: Seconds without a new byte that count as a stall.

        Returns:
            The file.

        Raises:
            PipelineError: KAGGLE_DOWNLOAD_STALLED, KAGGLE_DOWNLOAD_TRUNCATED, BROWSER_FAILED or DISK_FULL.
        """
        seen = _State(0, None, _UNDER_WAY)
        try:
            while seen.state == _UNDER_WAY:
                seen = await within(patience, self._change_after(seen))
                on_progress(Progress("download", seen.done, seen.total, "bytes"))
        except asyncio.TimeoutError:
            raise PipelineError(
                ErrorCode.KAGGLE_DOWNLOAD_STALLED,
                f"The download stands at {_share(seen)}: nothing came for {patience:g} s.",
            ) from None
        return self._settled(seen)

    async def _change_after(self, before: _State) -> _State:
        while True:
            state = await self._states.get()
            if (state.done, state.state) != (before.done, before.state):
                return state

    def _settled(self, last: _State) -> Path:
        file = self._folder / str(self._guid)
        if last.state == "completed":
            return file
        if last.state == _LOST:
            raise PipelineError(ErrorCode.BROWSER_FAILED, f"The browser ended when the download was at {_share(last)}.")
        if shutil.disk_usage(self._folder).free < (last.total or 0) - last.done:
            raise PipelineError(ErrorCode.DISK_FULL, f"The download does not fit on the disk of {self._folder.parent}.")
        raise PipelineError(ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED, f"The download ended at {_share(last)}.")

    def _begin(self, event: dict[str, Any]) -> None:
        if self._guid is None:
            self._guid = event["guid"]
            self._begun.set()

    def _proceed(self, event: dict[str, Any]) -> None:
        if event["guid"] == self._guid:
            total = int(event["totalBytes"]) or None
            self._note(_State(int(event["receivedBytes"]), total, event["state"]))

    def _note(self, state: _State) -> None:
        self._last = state
        self._states.put_nowait(state)


async def open_downloads(context: BrowserContext, page: Page, folder: Path) -> BrowserDownloads:
    """Have a context's downloads written to a folder, and listen to them.

    Args:
        context: The browser's context.
        page: Any page of it.
        folder: Where the files go, each named by the browser.
    """
    browser = context.browser
    if browser is None:
        raise PipelineError(ErrorCode.BROWSER_FAILED, "The browser is gone.")
    of_page = await context.new_cdp_session(page)
    target = await of_page.send("Target.getTargetInfo")
    protocol = await browser.new_browser_cdp_session()
    downloads = BrowserDownloads(protocol, folder)
    browser.on("disconnected", lambda _: downloads.lose())
    await protocol.send(
        "Browser.setDownloadBehavior",
        {
            "behavior": "allowAndName",
            "downloadPath": str(folder),
            "eventsEnabled": True,
            "browserContextId": target["targetInfo"]["browserContextId"],
        },
    )
    return downloads


async def reach_controls(visit: Visit) -> bool:
    """Open the dataset's page and wait for a download control.

    Args:
        visit: The page.

    Returns:
        False where the site wants a login first.

    Raises:
        PipelineError: KAGGLE_LAYOUT_UNKNOWN, or what stood in the way.
    """
    await visit.open(dataset_path(visit.settings))
    controls: dict[str, Sign] = {name: visit.visible(name) for name in _CONTROLS}
    came = await visit.first_of({"login": visit.signed_out, **controls}, doing="opening the dataset's page")
    if came is None:
        raise visit.unknown_layout("download control")
    if came == "dataset_download":
        # The header is drawn before the list of files.
        patience = min(_DRAWING_SECONDS, visit.settings.kaggle.timeout / 20)
        with suppress(Error):
            await visit.any_of("file_download").wait_for(timeout=patience * _MILLISECONDS)
    return came != "login"


async def start_download(visit: Visit, downloads: BrowserDownloads) -> bool:
    """Open the dataset's page and start the download of our file, or else of the whole dataset.

    A control may start the download, open a menu that does, or lead to the login: what comes counts, not what was
    expected of it.

    Args:
        visit: The page.
        downloads: Its downloads.

    Returns:
        False where the site wants a login first.

    Raises:
        PipelineError: KAGGLE_LAYOUT_UNKNOWN, KAGGLE_DOWNLOAD_NOT_STARTED, or what stood in the way.
    """
    if not await reach_controls(visit):
        return False
    signs: dict[str, Sign] = {
        "download": downloads.begun,
        "login": visit.signed_out,
        "login dialog": visit.visible("email_provider"),
        "menu": visit.visible("download_item"),
    }
    try:
        for control in [found for name in _CONTROLS for found in await visit.all_of(name)]:
            came = await _try(visit, control, signs)
            if came is not None:
                return came == "download"
    except Error as error:
        raise browser_error(error, "starting the download") from None
    raise PipelineError(
        ErrorCode.KAGGLE_DOWNLOAD_NOT_STARTED,
        f"No download began on {without_query(visit.page.url)} after its controls were clicked.",
    )


async def _try(visit: Visit, control: Locator, signs: dict[str, Sign]) -> str | None:
    await control.click()
    came = await visit.first_of(signs, doing="starting the download")
    if came == "menu":
        await (await visit.best_of("download_item")).click()
        without_menu = {name: sign for name, sign in signs.items() if name != "menu"}
        came = await visit.first_of(without_menu, doing="starting the download from the menu")
    return came


def _share(state: _State) -> str:
    return f"{state.done:,} of {state.total:,} bytes" if state.total else f"{state.done:,} bytes"
