"""The browser's way through the environment's proxy, with a login where the proxy asks for one."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.proxy import proxy_for
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings
from babynames_dagster_tests.support.servers.proxy import PASSWORD, USER, ServedProxy, serving_proxy
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle

LOGIN = f"{USER}:{quote(PASSWORD, safe='')}"
VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy(kaggle: Kaggle) -> Iterator[ServedProxy]:
    with serving_proxy(kaggle.url) as served:
        yield served


def _outside(kaggle: Kaggle) -> str:
    return f"http://kaggle.invalid:{urlsplit(kaggle.url).port}"


@pytest.mark.usefixtures("chromium")
def test_the_browser_logs_in_at_a_proxy(
    kaggle: Kaggle, proxy: ServedProxy, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{LOGIN}@127.0.0.1:{proxy.port}")

    obtained = obtain_dataset(make_settings(kaggle_base_url=_outside(kaggle)))

    assert obtained.method == "browser"
    assert any("/account/login" in address for address in proxy.passed)
    assert {urlsplit(f"//{address.rpartition('//')[2]}").hostname for address in proxy.passed} == {"kaggle.invalid"}, (
        "Chromium asks for nothing of its own"
    )


@pytest.mark.usefixtures("chromium")
def test_a_proxy_that_refuses_the_login_is_named_without_the_password(
    kaggle: Kaggle, proxy: ServedProxy, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{USER}:wrong-secret@127.0.0.1:{proxy.port}")

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_base_url=_outside(kaggle)))

    assert caught.value.code is ErrorCode.KAGGLE_UNREACHABLE
    assert "proxy" in f"{caught.value.what} {caught.value.remedy}"
    assert "wrong-secret" not in f"{caught.value.what} {caught.value.remedy}"


@pytest.mark.usefixtures("chromium")
def test_auto_falls_back_to_rest_where_the_browser_reaches_nothing(
    kaggle: Kaggle, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name leads nowhere for the browser; REST is asked at the same address and says so too.
    settings = make_settings(kaggle_base_url=_outside(kaggle), kaggle_method="auto")
    monkeypatch.setenv("NO_PROXY", "kaggle.invalid")

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    assert "the browser way was blocked: [KAGGLE_UNREACHABLE]" in caught.value.what


@pytest.mark.parametrize(
    ("environment", "url", "server"),
    [
        ({"https_proxy": "http://proxy.corp:3128"}, "https://www.kaggle.com", "http://proxy.corp:3128"),
        ({"HTTPS_PROXY": "proxy.corp:3128"}, "https://www.kaggle.com", "http://proxy.corp:3128"),
        ({"ALL_PROXY": "socks5://proxy.corp:1080"}, "https://www.kaggle.com", "socks5://proxy.corp:1080"),
        ({"http_proxy": "http://proxy.corp:3128"}, "https://www.kaggle.com", None),
        ({"https_proxy": "http://p:1", "no_proxy": "kaggle.com"}, "https://www.kaggle.com", None),
        ({"http_proxy": "http://p:1"}, "http://127.0.0.1:8080", "http://p:1"),
        ({}, "https://www.kaggle.com", None),
    ],
)
def test_the_proxy_is_the_one_for_the_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, server: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    proxy = proxy_for(url)

    assert (proxy or {}).get("server") == server


def test_the_login_is_decoded_and_leaves_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://{LOGIN}@proxy.corp:3128")

    proxy = proxy_for("https://www.kaggle.com")

    assert proxy is not None
    assert (proxy["server"], proxy["username"], proxy["password"]) == ("http://proxy.corp:3128", USER, PASSWORD)


def test_what_needs_no_proxy_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.corp:3128")
    monkeypatch.setenv("no_proxy", ".corp, storage.example ,10.0.0.0/8")

    proxy = proxy_for("https://www.kaggle.com")

    assert proxy is not None
    assert str(proxy["bypass"]).split(",") == [
        *("localhost", "127.0.0.1", "[::1]"),
        *("corp", ".corp", "storage.example", ".storage.example", "10.0.0.0/8"),
    ]
