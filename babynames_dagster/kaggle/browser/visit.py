"""One visit to Kaggle's site: opening pages, and waiting for whichever of several things appears first.

What belongs here: waiting, and distinguishing obstacles from what was hoped for. What does not: what to do with a
page (`signin.py`, `download.py`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from playwright.async_api import Error, Locator, Page, Response
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.launch import browser_error
from babynames_dagster.kaggle.browser.locators import Landmark, locator_table, selectors_of
from babynames_dagster.kaggle.browser.obstacles import (
    is_login_page,
    is_signed_in_page,
    is_two_factor_page,
    refused_status,
    without_query,
)
from babynames_dagster.settings import FetchSettings
from babynames_dagster.settings.sandbox_file import NOTHING_SERVES, remedy_of_refused

Sign = Callable[[], Awaitable[object]]

_BOT_CHECK = (ErrorCode.KAGGLE_BOT_CHECK, "Kaggle checks whether a person is at the browser")
_TWO_FACTOR = (ErrorCode.KAGGLE_TWO_FACTOR, "Kaggle asks for a second factor")
_SHOWN_OBSTACLES: dict[Landmark, tuple[ErrorCode, str]] = {
    "bot_check": _BOT_CHECK,
    "two_factor": _TWO_FACTOR,
    "not_found": (ErrorCode.KAGGLE_NOT_FOUND, "Kaggle has no such page"),
    "site_error": (ErrorCode.KAGGLE_SITE_ERROR, "Kaggle shows its error page"),
}
_NO_HANDS_HELP: tuple[Landmark, ...] = ("not_found", "site_error")
_TITLE = "title"
_ADDRESS = "address"
_STATUS = "status"
_NOTHING = ":not(*)"
_BOT_CHECK_SECONDS: float = 15.0
_BANNER_SECONDS: float = 1.0
_BY_HAND_SECONDS: float = 600.0
_MILLISECONDS = 1000


class Visit:
    """A page, and what may appear on it.

    Attributes:
        page: The browser's page.
        settings: Addresses, timeouts, selectors.
        log: Where the steps are logged.
        by_hand: Whether a person sits at the window and deals with obstacles.
    """

    def __init__(self, page: Page, settings: FetchSettings, log: logging.Logger, *, by_hand: bool) -> None:
        """Prepare a visit; nothing is opened yet."""
        self.page = page
        self.settings = settings
        self.log = log
        self.by_hand = by_hand
        self._table = locator_table(settings.kaggle.locators)
        self._refused = asyncio.Event()
        self._status = 0
        page.on("response", self._note_status)

    async def open(self, path: str) -> None:
        """Open a page of the site.

        Args:
            path: What follows KAGGLE_BASE_URL.

        Raises:
            PipelineError: KAGGLE_UNREACHABLE.
        """
        self._refused.clear()
        try:
            await self.page.goto(self.settings.kaggle.base_url + path, wait_until="domcontentloaded")
        except Error as error:
            base_url = self.settings.kaggle.base_url
            remedy = remedy_of_refused(base_url, "KAGGLE_BASE_URL", self.settings.kaggle.env_file)
            if remedy is not None and "ERR_CONNECTION_REFUSED" in error.message:
                what = f"Kaggle does not answer: {NOTHING_SERVES.format(base_url)}."
                raise PipelineError(ErrorCode.KAGGLE_UNREACHABLE, what, remedy=remedy) from None
            raise browser_error(error, f"opening {base_url}{path}") from None

    async def dismiss_banners(self) -> None:
        """Click the cookie banner away whenever it appears, until cancelled.

        Playwright's own locator handlers are no help: they run inside every wait, and here many waits run at once.
        """
        with suppress(Error):  # the page is gone
            while True:
                await self.visible("banner")()
                with suppress(Error):  # the page moved on, and the banner with it
                    # Not with the mouse: of two clicks at once, Playwright drops one without a word.
                    await self.any_of("banner").dispatch_event("click")
                    await self.any_of("banner").wait_for(state="hidden", timeout=_BANNER_SECONDS * _MILLISECONDS)

    def any_of(self, name: Landmark, *, visible: bool = True) -> Locator:
        """Return whatever alternative of a landmark there is."""
        found = self.page.locator(_NOTHING)
        for selector in selectors_of(self._table, name, file=self.settings.kaggle.file):
            found = found.or_(self.page.locator(selector))
        return (found.locator("visible=true") if visible else found).first

    async def all_of(self, name: Landmark) -> list[Locator]:
        """Return the visible alternatives of a landmark, in the table's order."""
        alternatives = [
            self.page.locator(selector).locator("visible=true").first
            for selector in selectors_of(self._table, name, file=self.settings.kaggle.file)
        ]
        return [alternative for alternative in alternatives if await alternative.is_visible()]

    async def best_of(self, name: Landmark) -> Locator:
        """Return the first visible alternative of a landmark that was seen, in the table's order."""
        alternatives = await self.all_of(name)
        return alternatives[0] if alternatives else self.any_of(name)

    def visible(self, name: Landmark) -> Sign:
        """Return the wait until a landmark is seen."""
        return lambda: self.any_of(name).wait_for(timeout=0)

    async def signed_in(self) -> None:
        """Wait until the page has left the login pages for another page of the site."""
        base = self.settings.kaggle.base_url
        await self.page.wait_for_url(lambda url: is_signed_in_page(url, base), wait_until="commit", timeout=0)

    async def signed_out(self) -> None:
        """Wait until the page is one of the login pages."""
        await self.page.wait_for_url(is_login_page, wait_until="commit", timeout=0)

    async def first_of(self, hoped: Mapping[str, Sign], *, doing: str) -> str | None:
        """Wait for the first of several things, or for an obstacle.

        Args:
            hoped: What to wait for, by a name to return; of those that come at once the first counts.
            doing: What is being done, to follow "while" in an error.

        Returns:
            The name of what came; None where nothing did within KAGGLE_TIMEOUT (ten minutes by hand).

        Raises:
            PipelineError: The obstacle's.
        """
        signs = {**hoped, **self._obstacle_signs()}
        try:
            came = await self._first(signs)
            if came in {"bot_check", _TITLE} and await self._bot_check_passes():
                came = await self._first(signs)
            if came is None or came in hoped:
                return came
            code, what = await self._obstacle(came)
        except Error as error:
            raise browser_error(error, doing) from None
        raise PipelineError(code, f"{what}, met while {doing}.")

    def unknown_layout(self, sought: str) -> PipelineError:
        """Return the error of a page that shows nothing of what is known.

        Args:
            sought: What was not found.
        """
        return PipelineError(
            ErrorCode.KAGGLE_LAYOUT_UNKNOWN,
            f"There is no {sought} on {without_query(self.page.url)}: no locator fits.",
        )

    def _note_status(self, response: Response) -> None:
        with suppress(Error):  # a new tab's first answer belongs to no frame yet
            if response.request.is_navigation_request() and response.frame == self.page.main_frame:
                self._status = response.status
                if refused_status(response.status):
                    self._refused.set()

    async def _first(self, signs: Mapping[str, Sign]) -> str | None:
        seconds = _BY_HAND_SECONDS if self.by_hand else self.settings.kaggle.timeout
        tasks = {name: asyncio.ensure_future(sign()) for name, sign in signs.items()}
        try:
            await asyncio.wait(tasks.values(), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            came = next((name for name, task in tasks.items() if task.done()), None)
            if came is not None:
                tasks[came].result()
            return came
        finally:
            for task in tasks.values():
                task.cancel()

    def _obstacle_signs(self) -> dict[str, Sign]:
        """Return the obstacles to watch for; a person at the window deals with some of them."""
        if self.by_hand:
            return {name: self.visible(name) for name in _NO_HANDS_HELP}
        title = self.any_of("bot_check_title", visible=False)
        return {
            _TITLE: lambda: title.wait_for(state="attached", timeout=0),
            _ADDRESS: lambda: self.page.wait_for_url(is_two_factor_page, wait_until="commit", timeout=0),
            **{name: self.visible(name) for name in _SHOWN_OBSTACLES},
            _STATUS: self._refused.wait,
        }

    async def _obstacle(self, came: str) -> tuple[ErrorCode, str]:
        if came == _TITLE:
            return _BOT_CHECK
        if came == _ADDRESS:
            return _TWO_FACTOR
        # What the page shows says more than its status: a bot check comes with a refusing one, too.
        await self.page.wait_for_load_state("domcontentloaded")
        if await self.any_of("bot_check_title", visible=False).count():
            return _BOT_CHECK
        for name, obstacle in _SHOWN_OBSTACLES.items():
            if name == came or await self.any_of(name).is_visible():
                return obstacle
        return refused_status(self._status) or ErrorCode.KAGGLE_SITE_ERROR, f"Kaggle answers with {self._status}"

    async def _bot_check_passes(self) -> bool:
        """Give a check that needs no person the time to let the browser through."""
        milliseconds = min(_BOT_CHECK_SECONDS, self.settings.kaggle.timeout) * _MILLISECONDS
        try:
            await self.any_of("bot_check_title", visible=False).wait_for(state="detached", timeout=milliseconds)
            await self.any_of("bot_check").wait_for(state="hidden", timeout=milliseconds)
        except PlaywrightTimeoutError:
            return False
        self._refused.clear()
        return True
