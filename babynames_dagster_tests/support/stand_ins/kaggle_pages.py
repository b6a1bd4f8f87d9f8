"""Pages of the Kaggle-like site that stand between a person and the dataset, and other controls on that page."""

from html import escape

from babynames_dagster.sandbox.kaggle import pages

_DIALOG = """<dialog><p>Sign in to download.</p><button>Sign in with Google</button>
<button>Sign in with Email</button></dialog>"""
_ASK = "document.querySelector('dialog').showModal()"


def providers_page(form_address: str) -> str:
    """Return the page that offers the ways to sign in."""
    buttons = "".join(
        f"<button onclick=\"location.assign('{escape(form_address)}')\">Sign in with {name}</button>"
        if name == "Email"
        else f"<button>Sign in with {name}</button>"
        for name in ("Google", "Email", "Facebook", "Yahoo")
    )
    return pages.page("Sign In | Kaggle", f'<h1>Welcome!</h1><div class="providers">{buttons}</div>')


def two_factor_page(return_url: str) -> str:
    """Return the page that asks for a code, and leads to `return_url` afterwards."""
    body = f"""<h1>Two-step verification</h1><p>Enter the 6-digit code of your authenticator app.</p>
<form action="/account/twoFactor"><input name="code" autocomplete="one-time-code" placeholder="Code">
<input name="returnUrl" type="hidden" value="{escape(return_url)}">
<button class="main">Verify</button><div role="alert" hidden></div></form>"""
    return pages.page("Two-step verification | Kaggle", body, script=pages.FORM_SCRIPT)


def bot_check_page(*, passes: bool) -> str:
    """Return the page that checks the browser; one that passes loads the page again after a moment."""
    body = "<h1>One moment</h1><p>Checking your browser before accessing www.kaggle.com ...</p>"
    script = "setTimeout(() => location.reload(), 300)" if passes else ""
    return pages.page("Checking your browser - reCAPTCHA", body, script=script)


def dataset_page(name: str, address: str, download: str, *, signed_in: bool) -> str:
    """Return the dataset's page.

    Args:
        name: The CSV's name.
        address: The path of the dataset's page.
        download: Which control starts a download, as in `Behaviour`.
        signed_in: Whether a download starts at once, or a dialog asks to sign in.
    """
    whole = f"location.assign('{address}/download')" if signed_in else _ASK
    one = f"location.assign('{address}/download?file={escape(name)}')" if signed_in else _ASK
    menu = pages.download_menu(whole, megabytes=1)
    header = {
        "file": menu,
        "menu": menu,
        "direct": f'<button class="main" onclick="{whole}">Download</button>',
        "dead": "<button>Download</button>",
        "unknown": f'<button onclick="{whole}">Save a copy</button>',
    }[download]
    control = pages.file_control(one) if download == "file" else ""
    return pages.dataset_page(name, header=header + _DIALOG, control=control)


def without_banner(html: str) -> str:
    """Return a page without the cookie banner."""
    return html.replace(pages.BANNER, "")


def filled_in(html: str, **typed: str) -> str:
    """Return a page whose form fills itself in and submits itself, as if a person sat there."""
    script = "".join(f"form.{field}.value = {value!r};" for field, value in typed.items())
    return html.replace("</script>", f"{script} form.requestSubmit();</script>")
