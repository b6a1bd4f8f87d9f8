"""Where things are on Kaggle's pages: one table of ordered alternatives.

Each entry is tried from the top, as a Playwright selector: by role and name, by text, by a form field's own name.
Generated class names and deep paths are never used: they change with every release of the site. `{file}` stands for the
dataset's file.

When the site changes, no new release is needed of this project: what KAGGLE_LOCATORS holds is tried first, such
as `{"download_item": "role=menuitem[name=/get the zip/i]"}`.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from babynames_dagster.errors import ErrorCode, PipelineError

Landmark = Literal[
    "email_provider",
    "email_field",
    "password_field",
    "submit",
    "banner",
    "file_download",
    "dataset_download",
    "download_item",
    "two_factor",
    "bot_check",
    "bot_check_title",
    "not_found",
    "site_error",
    "sign_in_refusal",
]

Table = Mapping[Landmark, tuple[str, ...]]

_TABLE: Table = {
    "email_provider": (
        "role=button[name=/sign in with email/i]",
        "role=link[name=/sign in with email/i]",
        "role=button[name=/(continue|log in) with email/i]",
    ),
    "email_field": ('input[name="email"]', 'input[type="email"]', "role=textbox[name=/e-?mail/i]"),
    "password_field": ('input[name="password"]', 'input[type="password"]'),
    "submit": (
        "role=button[name=/^sign in$/i]",
        'button[type="submit"]',
        "role=button[name=/^(log in|continue|next)$/i]",
    ),
    "banner": (
        "role=button[name=/^(ok, got it|got it|accept( all)?( cookies)?|i agree|dismiss)\\.?$/i]",
        "role=link[name=/^ok, got it\\.?$/i]",
    ),
    # The innermost part of the page that holds both the file's name and a download button.
    "file_download": (
        (
            ":is(div, section, article, header, li, tr)"
            ':has(:text-is("{file}"))'
            ':has(button:is([aria-label="Download"], [title="Download"], :text-is("Download"), :text-is("get_app")))'
            " >> nth=-1 >> role=button[name=/^(download|get_app)$/i]"
        ),
        "role=button[name=/^get_app$/i]",
    ),
    "dataset_download": ("role=button[name=/download/i]", "role=link[name=/download/i]"),
    "download_item": (
        "role=menuitem[name=/download dataset as zip/i]",
        "role=menuitem[name=/download.*zip/i]",
        "text=/download dataset as zip/i",
    ),
    "two_factor": (
        'input[autocomplete="one-time-code"]',
        "role=heading[name=/(two[- ]?(step|factor)|verification code)/i]",
    ),
    "bot_check": (
        "text=/checking your browser before accessing/i",
        "role=heading[name=/(checking your browser|verify (that )?you are( a)? human)/i]",
    ),
    # A title is never visible, and texts inside it are no texts to Playwright; XPath 1.0 knows no lower-case().
    "bot_check_title": (
        'xpath=//title[contains(translate(., "ABCEGHIKNOPRSTUWY", "abceghiknoprstuwy"), "checking your browser")]',
        'xpath=//title[contains(translate(., "ACEHPRT", "acehprt"), "recaptcha")]',
    ),
    "not_found": ("role=heading[name=/(^404\\b|page not found|can.t find that page)/i]",),
    "site_error": ("role=heading[name=/(something went wrong|unexpected error|^5\\d\\d\\b)/i]",),
    "sign_in_refusal": ('[role="alert"]:text-matches("invalid|incorrect|wrong|not match", "i")',),
}


def locator_table(own: Mapping[str, tuple[str, ...]]) -> Table:
    """Return the table, with a user's own alternatives first.

    Args:
        own: Selectors by the table's names, from KAGGLE_LOCATORS.

    Raises:
        PipelineError: INVALID_CONFIG where a name is none of the table's.
    """
    known = get_args(Landmark)
    unknown = sorted(set(own) - set(known))
    if unknown:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"KAGGLE_LOCATORS names {', '.join(unknown)}; the names are {', '.join(known)}.",
        )
    return {name: (*own.get(name, ()), *selectors) for name, selectors in _TABLE.items()}


def selectors_of(table: Table, name: Landmark, *, file: str) -> tuple[str, ...]:
    """Return one entry's selectors, with the file's name put in.

    Args:
        table: The table.
        name: The entry.
        file: The dataset's file.
    """
    quoted = file.replace("\\", "\\\\").replace('"', '\\"')
    return tuple(selector.replace("{file}", quoted) for selector in table[name])
