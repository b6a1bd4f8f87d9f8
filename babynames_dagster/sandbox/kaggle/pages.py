"""The Kaggle-like site's pages: small, readable, and as much like the real ones as locators care.

What belongs here: HTML. What does not: when which page is shown (`site.py`).
"""

from html import escape

from babynames_dagster.sandbox.kaggle.behaviour import Behaviour

_STYLE = """
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#202124;background:#fff}
header.top{display:flex;align-items:center;gap:12px;padding:14px 32px;border-bottom:1px solid #dadce0}
header.top b{color:#20beff;font-size:26px;letter-spacing:-1px}
header.top span{margin-left:auto;color:#5f6368;font-size:13px}
main{max-width:880px;margin:40px auto;padding:0 24px}
h1{font-size:30px;margin:0 0 8px}
p,small{color:#5f6368}
button{font:inherit;border:1px solid #dadce0;border-radius:20px;background:#fff;padding:8px 20px;cursor:pointer}
button.main{background:#202124;border-color:#202124;color:#fff}
form,.card{border:1px solid #dadce0;border-radius:14px;padding:24px;margin-top:24px}
form,.providers{display:grid;gap:14px;max-width:380px}
input{font:inherit;padding:10px;border:1px solid #9aa0a6;border-radius:6px}
.row{display:flex;align-items:center;justify-content:space-between;gap:16px}
[role=alert]{color:#c5221f}
[role=menu]{border:1px solid #dadce0;border-radius:8px;padding:8px;width:max-content;cursor:pointer}
.banner{position:fixed;inset:auto 0 0 0;height:45%;background:#202124;color:#fff;padding:24px 32px}
"""

_BANNER = """<div class="banner" role="dialog" aria-label="Cookies">
<p>This site uses cookies to deliver its services and to analyse traffic.</p>
<button onclick="this.parentElement.remove()">OK, Got it.</button></div>"""

_ASK = "document.querySelector('dialog').showModal()"

_FORM_SCRIPT = """
const form = document.querySelector("form");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = Object.fromEntries(new FormData(form));
  const answer = await fetch(form.action, {
    method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(typed)});
  const said = await answer.json();
  if (said.next) { location.assign(said.next); return; }
  const alert = document.querySelector("[role=alert]");
  alert.textContent = said.errors.join(" ");
  alert.hidden = false;
});
"""


def page(title: str, body: str, behaviour: Behaviour, *, script: str = "") -> str:
    """Return a whole page.

    Args:
        title: The window's title.
        body: What is inside `<main>`.
        behaviour: For the banner.
        script: JavaScript to run at the end.
    """
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<header class="top"><b>kaggle</b><small>stand-in</small><span>on loopback</span></header>'
        f"<main>{body}</main>{_BANNER if behaviour.banner else ''}<script>{script}</script></html>"
    )


def providers_page(form_address: str, behaviour: Behaviour) -> str:
    """Return the page that offers the ways to sign in."""
    buttons = "".join(
        f"<button onclick=\"location.assign('{escape(form_address)}')\">Sign in with {name}</button>"
        if name == "Email"
        else f"<button>Sign in with {name}</button>"
        for name in ("Google", "Email", "Facebook", "Yahoo")
    )
    return page("Sign In | Kaggle", f'<h1>Welcome!</h1><div class="providers">{buttons}</div>', behaviour)


def login_page(return_url: str, behaviour: Behaviour, *, hands: tuple[str, str] | None) -> str:
    """Return the email form.

    Args:
        return_url: Where to go afterwards.
        behaviour: For the banner.
        hands: Email and password that type themselves, as if a person sat there; None to leave the form alone.
    """
    script = _FORM_SCRIPT
    if hands:
        email, password = hands
        script += f"form.email.value = {email!r}; form.password.value = {password!r}; form.requestSubmit();"
    body = f"""<h1>Sign in</h1><p>Use your email and password.</p>
<form action="/api/i/users.LegacyUsersService/EmailSignIn">
<input name="email" type="email" placeholder="Email" autocomplete="username">
<input name="password" type="password" placeholder="Password" autocomplete="current-password">
<input name="returnUrl" type="hidden" value="{escape(return_url)}">
<button type="submit" class="main">Sign In</button><div role="alert" hidden></div></form>"""
    return page("Sign In | Kaggle", body, behaviour, script=script)


def two_factor_page(return_url: str, behaviour: Behaviour, *, hands: str | None) -> str:
    """Return the page that asks for a code.

    Args:
        return_url: Where to go afterwards.
        behaviour: For the banner.
        hands: The code that types itself, as if a person sat there; None to leave the form alone.
    """
    script = _FORM_SCRIPT
    if hands:
        script += f"form.code.value = {hands!r}; form.requestSubmit();"
    body = f"""<h1>Two-step verification</h1><p>Enter the 6-digit code of your authenticator app.</p>
<form action="/account/twoFactor"><input name="code" autocomplete="one-time-code" placeholder="Code">
<input name="returnUrl" type="hidden" value="{escape(return_url)}">
<button class="main">Verify</button><div role="alert" hidden></div></form>"""
    return page("Two-step verification | Kaggle", body, behaviour, script=script)


def bot_check_page(behaviour: Behaviour, *, passes: bool) -> str:
    """Return the page that checks the browser; one that passes loads the page again after a moment."""
    body = "<h1>One moment</h1><p>Checking your browser before accessing www.kaggle.com ...</p>"
    script = "setTimeout(() => location.reload(), 300)" if passes else ""
    return page("Checking your browser - reCAPTCHA", body, behaviour, script=script)


def message_page(heading: str, text: str, behaviour: Behaviour) -> str:
    """Return a page that says one thing: not found, an error, too many requests."""
    return page("Kaggle", f"<h1>{escape(heading)}</h1><p>{escape(text)}</p>", behaviour)


def dataset_page(name: str, address: str, megabytes: float, behaviour: Behaviour, *, signed_in: bool) -> str:
    """Return the dataset's page with the download control that the behaviour asks for.

    Args:
        name: The CSV's name.
        address: The path of the dataset's page.
        megabytes: Size of the zip.
        behaviour: For the control and the banner.
        signed_in: Whether a download starts at once, or a dialog asks to sign in.
    """
    whole = f"location.assign('{address}/download')" if signed_in else _ASK
    one = f"location.assign('{address}/download?file={escape(name)}')" if signed_in else _ASK
    menu = (
        '<button aria-haspopup="menu" onclick="document.querySelector(\'[role=menu]\').hidden = false">Download'
        f'</button><div role="menu" hidden><div role="menuitem" onclick="{whole}">'
        f"Download dataset as zip ({megabytes:.0f} MB)</div></div>"
    )
    header = {
        "file": menu,
        "menu": menu,
        "direct": f'<button class="main" onclick="{whole}">Download</button>',
        "dead": "<button>Download</button>",
        "unknown": f'<button onclick="{whole}">Save a copy</button>',
    }[behaviour.download]
    control = ""
    if behaviour.download == "file":
        control = f'<button aria-label="Download" title="Download" onclick="{one}">&#x2913;</button>'
    body = f"""<div class="row"><h1>US Baby Names by Year of Birth</h1><div>{header}</div></div>
<p>Names of newborns in the United States, with how many were born each year.</p>
<div class="card"><div class="row"><h2>{escape(name)}</h2>{control}</div>
<p>YearOfBirth, Name, Sex, Number</p></div>
<dialog><p>Sign in to download.</p><button>Sign in with Google</button> <button>Sign in with Email</button></dialog>"""
    return page("US Baby Names by Year of Birth | Kaggle", body, behaviour)
