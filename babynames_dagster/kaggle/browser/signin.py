"""Signing in with email and password, or having a person do it.

What belongs here: the login pages and their answers. What does not: keeping the session (`session.py`).
"""

import asyncio
from urllib.parse import quote

from playwright.async_api import Error, Response

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.launch import browser_error
from babynames_dagster.kaggle.browser.locators import Landmark
from babynames_dagster.kaggle.browser.obstacles import refused_sign_in
from babynames_dagster.kaggle.browser.visit import Visit
from babynames_dagster.settings import FetchSettings

_SIGN_IN_CALL = "EmailSignIn"
_REFUSALS = {
    ErrorCode.KAGGLE_AUTH_ERROR: "Kaggle does not accept KAGGLE_EMAIL and KAGGLE_PASSWORD",
    ErrorCode.KAGGLE_TWO_FACTOR: "Kaggle asks for a second factor",
    ErrorCode.KAGGLE_BOT_CHECK: "Kaggle asks for a captcha",
    ErrorCode.KAGGLE_RATE_LIMITED: "Kaggle takes no more logins for a while",
    ErrorCode.KAGGLE_SITE_ERROR: "Kaggle fails at the login",
}


def require_credentials(settings: FetchSettings) -> None:
    """Make sure that there is something to sign in with.

    Raises:
        PipelineError: MISSING_CONFIG.
    """
    try:
        settings.kaggle.require("email", "password")
    except PipelineError as error:
        raise PipelineError(
            error.code,
            error.what,
            remedy="Set them in the environment or in .env, or run `babynames login`, or set KAGGLE_METHOD=api; "
            "or download the zip yourself and put it into DOWNLOAD_DIR.",
        ) from None


def asked_again() -> PipelineError:
    """Return the error for a site that forgets a login at once, for the caller to raise."""
    return PipelineError(ErrorCode.KAGGLE_AUTH_ERROR, "Kaggle asks for a login again right after the login.")


async def sign_in(visit: Visit, *, return_to: str = "/") -> None:
    """Sign in, unless the browser is signed in already.

    Args:
        visit: The page.
        return_to: The path to be led to afterwards.

    Raises:
        PipelineError: KAGGLE_AUTH_ERROR, MISSING_CONFIG, or what stood in the way.
    """
    await visit.open(f"/account/login?phase=emailSignIn&returnUrl={quote(return_to, safe='')}")
    hoped = {"in": visit.signed_in, "form": visit.visible("email_field"), "providers": visit.visible("email_provider")}
    try:
        came = await visit.first_of(hoped, doing="opening the login page")
        if came == "providers":
            await (await visit.best_of("email_provider")).click()
            del hoped["providers"]
            came = await visit.first_of(hoped, doing="choosing to sign in with email")
        if came is None:
            raise visit.unknown_layout("login form")
        if came == "form":
            await _send_form(visit)
    except Error as error:
        raise browser_error(error, "signing in") from None


async def _send_form(visit: Visit) -> None:
    settings = visit.settings
    if settings.kaggle.email is None or settings.kaggle.password is None:
        if not visit.by_hand:
            require_credentials(settings)
        await _reach_the_inside(visit)
        return
    answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def note(response: Response) -> None:
        if _SIGN_IN_CALL in response.url and not answered.done():
            answered.set_result(response)

    visit.page.on("response", note)
    try:
        await _type(visit, "email_field", settings.kaggle.email)
        await _type(visit, "password_field", settings.kaggle.password.get_secret_value())
        await (await visit.best_of("submit")).click()
        if not visit.by_hand:
            await _raise_refusal(visit, answered)
    finally:
        visit.page.remove_listener("response", note)
    await _reach_the_inside(visit)


async def _raise_refusal(visit: Visit, answered: asyncio.Future[Response]) -> None:
    hoped = {
        "answer": lambda: asyncio.shield(answered),
        "in": visit.signed_in,
        "refusal": visit.visible("sign_in_refusal"),
    }
    came = await visit.first_of(hoped, doing="signing in")
    if came is None:
        raise PipelineError(ErrorCode.KAGGLE_SITE_ERROR, "Kaggle did not answer to the login in time.")
    refused = ErrorCode.KAGGLE_AUTH_ERROR if came == "refusal" else None
    if came == "answer":
        answer = answered.result()
        refused = refused_sign_in(answer.status, await _text(answer))
    if refused is not None:
        raise PipelineError(refused, f"{_REFUSALS[refused]}.")


async def _reach_the_inside(visit: Visit) -> None:
    if visit.by_hand:
        visit.log.info("Sign in in the browser's window, please, within ten minutes: it closes by itself.")
    if await visit.first_of({"in": visit.signed_in}, doing="waiting for the login to end") is not None:
        return
    if visit.by_hand:
        raise PipelineError(ErrorCode.KAGGLE_AUTH_ERROR, "No one signed in within ten minutes.")
    raise visit.unknown_layout("way on from the login")


async def _text(answer: Response) -> str:
    try:
        return await answer.text()
    except Error:  # the next page came, and the browser forgot the answer: so it was a good one
        return ""


async def _type(visit: Visit, field: Landmark, text: str) -> None:
    """Type into a field so that Playwright's call log, which its errors quote, does not hold it."""
    found = await visit.best_of(field)
    await found.fill("")
    await found.focus()
    await visit.page.keyboard.insert_text(text)
