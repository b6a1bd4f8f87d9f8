"""Pictures of what was met, with nothing in them that was typed.

What belongs here: blanking and taking. What does not: when to take one.
"""

import asyncio
import contextlib
import time
from pathlib import Path

from playwright.async_api import Error, Page

from babynames_dagster.errors import ErrorCode
from babynames_dagster.kaggle.browser.own_loop import within

_BLANKING_SECONDS: float = 10.0  # a page whose script never pauses lets no other run
_FIELDS = "input, textarea, select, [contenteditable]"

# Empties every field, in shadow trees too, and takes known secrets out of the text and attributes around them.
_BLANK = """(secrets) => {
  const blank = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches("input, textarea, select")) {
        element.value = "";
        element.removeAttribute("value");
        if (element.tagName === "TEXTAREA") element.textContent = "";
      }
      if (element.isContentEditable) element.textContent = "";
      for (const attribute of element.attributes)
        for (const secret of secrets)
          if (attribute.value.includes(secret)) element.setAttribute(attribute.name, "");
      if (element.shadowRoot) blank(element.shadowRoot);
    }
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      for (const secret of secrets)
        if (texts.currentNode.data.includes(secret)) texts.currentNode.data = "";
  };
  blank(document);
}"""


async def save_screenshot(page: Page, folder: Path, code: ErrorCode, *, secrets: tuple[str, ...]) -> Path | None:
    """Take a picture of a page with every input field blanked.

    Args:
        page: The page; its fields are empty afterwards.
        folder: Where the picture goes (LOG_DIR).
        code: What was met; it names the file.
        secrets: Texts that must not be seen, wherever the page shows them.

    Returns:
        The picture's file, or None where none could be taken: a page that can't be blanked is not photographed.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S") + f"-{time.time_ns() // 1_000_000 % 1000:03d}"
    path = folder / f"{code.name.lower()}-{stamp}.png"
    with contextlib.suppress(Error, OSError, asyncio.TimeoutError):
        await within(_BLANKING_SECONDS, blank_fields(page, secrets=secrets))
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await page.screenshot(path=path, mask=[page.locator(_FIELDS)], mask_color="#d0d7de", animations="disabled")
        return path
    return None


async def blank_fields(page: Page, *, secrets: tuple[str, ...]) -> None:
    """Empty every field of a page and of its frames, and remove secrets from its text.

    Args:
        page: The page.
        secrets: Texts that must not be seen.
    """
    for frame in page.frames:
        try:
            await frame.evaluate(_BLANK, list(secrets))
        except Error:
            if not frame.is_detached():  # one that is gone is in no picture
                raise
