"""The proxy of the environment, as Playwright wants it.

Chromium reads HTTP_PROXY and its like by itself, but ignores a login in them.
"""

from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from playwright.async_api import ProxySettings
from requests.utils import should_bypass_proxies

_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


def proxy_for(url: str) -> ProxySettings | None:
    """Return the proxy on the way to an address; None where the environment names none, or excepts the address.

    Args:
        url: Where the browser goes first. Other hosts are excepted as NO_PROXY says.
    """
    proxies = getproxies()
    address = proxies.get(urlsplit(url).scheme) or proxies.get("all")
    if not address or should_bypass_proxies(url, no_proxy=None):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    settings = ProxySettings(
        server=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", bypass=",".join(_bypass(proxies.get("no", "")))
    )
    if parts.username is not None:
        settings["username"] = unquote(parts.username)
        settings["password"] = unquote(parts.password or "")
    return settings


def _bypass(no_proxy: str) -> list[str]:
    """Return Chromium's rules for NO_PROXY, where a domain stands for its subdomains too."""
    names = [name.strip().lstrip(".") for name in no_proxy.split(",") if name.strip(" .")]
    return [*_THIS_MACHINE, *(rule for name in names for rule in ((name, f".{name}") if "/" not in name else (name,)))]
