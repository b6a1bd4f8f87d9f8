"""The Kaggle-like site's pages: small, readable, and as much like the real ones as locators care.

What belongs here: HTML. What does not: when which page is shown (`site.py`).
"""

from html import escape

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

BANNER = """<div class="banner" role="dialog" aria-label="Cookies">
<p>This site uses cookies to deliver its services and to analyse traffic.</p>
<button onclick="this.parentElement.remove()">OK, Got it.</button></div>"""

FORM_SCRIPT = """
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


def page(title: str, body: str, *, script: str = "") -> str:
    """Return a whole page.

    Args:
        title: The window's title.
        body: What is inside `<main>`.
        script: JavaScript to run at the end.
    """
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<header class="top"><b>kaggle</b><small>stand-in</small><span>on loopback</span></header>'
        f"<main>{body}</main>{BANNER}<script>{script}</script></html>"
    )


def login_page(return_url: str) -> str:
    """Return the email form, which leads to `return_url` afterwards."""
    body = f"""<h1>Sign in</h1><p>Use your email and password.</p>
<form action="/api/i/users.LegacyUsersService/EmailSignIn">
<input name="email" type="email" placeholder="Email" autocomplete="username">
<input name="password" type="password" placeholder="Password" autocomplete="current-password">
<input name="returnUrl" type="hidden" value="{escape(return_url)}">
<button type="submit" class="main">Sign In</button><div role="alert" hidden></div></form>"""
    return page("Sign In | Kaggle", body, script=FORM_SCRIPT)


def message_page(heading: str, text: str) -> str:
    """Return a page that says one thing."""
    return page("Kaggle", f"<h1>{escape(heading)}</h1><p>{escape(text)}</p>")


def dataset_page(name: str, *, header: str, control: str) -> str:
    """Return the dataset's page.

    Args:
        name: The CSV's name.
        header: HTML of what the page's head offers.
        control: HTML of what the file's card offers.
    """
    body = f"""<div class="row"><h1>US Baby Names by Year of Birth</h1><div>{header}</div></div>
<p>Names of newborns in the United States, with how many were born each year.</p>
<div class="card"><div class="row"><h2>{escape(name)}</h2>{control}</div>
<p>YearOfBirth, Name, Sex, Number</p></div>"""
    return page("US Baby Names by Year of Birth | Kaggle", body)


def download_menu(on_click: str, *, megabytes: float) -> str:
    """Return the header's menu, which downloads the whole dataset; `on_click` is JavaScript."""
    return (
        '<button aria-haspopup="menu" onclick="document.querySelector(\'[role=menu]\').hidden = false">Download'
        f'</button><div role="menu" hidden><div role="menuitem" onclick="{on_click}">'
        f"Download dataset as zip ({megabytes:.0f} MB)</div></div>"
    )


def file_control(on_click: str) -> str:
    """Return the file's own control; `on_click` is JavaScript."""
    return f'<button aria-label="Download" title="Download" onclick="{on_click}">&#x2913;</button>'
