"""The REST way, over real HTTP: redirects, resuming, checks, refusals."""

import base64
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster.sandbox.kaggle.site import ACCOUNT
from babynames_dagster.sandbox.serving import serving
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle


def _behave(kaggle: Kaggle, **behaviour: Any) -> None:  # noqa: ANN401 - the fields' own types
    for name, value in behaviour.items():
        setattr(kaggle.behaviour, name, value)


def _headers(kaggle: Kaggle, origin: str) -> list[dict[str, str]]:
    return [request.headers for request in kaggle.record.requests if request.origin == origin]


@pytest.mark.parametrize(
    ("credentials", "scheme"),
    [
        ({}, "Basic"),
        ({"kaggle_username": None, "kaggle_key": ACCOUNT.token}, "Bearer"),
        ({"kaggle_api_token": ACCOUNT.token}, "Bearer"),
        ({"kaggle_username": None, "kaggle_key": None}, None),
    ],
    ids=["user name and key", "token", "access token beside a key", "nobody"],
)
def test_credentials_go_to_kaggle_and_never_to_the_storage(
    kaggle: Kaggle, make_settings: MakeSettings, credentials: dict[str, str | None], scheme: str | None
) -> None:
    obtained = obtain_dataset(make_settings(kaggle_method="api", **credentials))

    assert (obtained.how, obtained.method) == ("fetched", "api")
    [to_site], [to_storage] = _headers(kaggle, "site"), _headers(kaggle, "storage")
    assert to_site.get("authorization", "").partition(" ")[0] == (scheme or "")
    assert not {"authorization", "cookie"} & set(to_storage)


def test_credentials_of_netrc_stay_at_home(
    kaggle: Kaggle, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(kaggle_method="api", kaggle_username=None, kaggle_key=None)
    netrc = settings.files.data.with_name("netrc")
    netrc.write_text("default login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    obtain_dataset(settings)

    assert all("authorization" not in headers for headers in _headers(kaggle, "site") + _headers(kaggle, "storage"))


def test_a_broken_download_is_resumed_from_where_it_broke(
    kaggle: Kaggle, make_settings: MakeSettings, sample: Path
) -> None:
    _behave(kaggle, transfer="truncated", broken_transfers=1)

    obtained = obtain_dataset(make_settings(kaggle_method="api", max_retries=1))

    assert obtained.how == "resumed"
    assert obtained.path.read_bytes() == sample.read_bytes()
    first, second = _headers(kaggle, "storage")
    assert "range" not in first
    start = int(second["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= sample.stat().st_size // 2
    assert "authorization" not in second


def test_a_server_that_knows_no_ranges_makes_the_download_start_over(
    kaggle: Kaggle, make_settings: MakeSettings, sample: Path
) -> None:
    _behave(kaggle, transfer="truncated", broken_transfers=1, ranges=False)

    obtained = obtain_dataset(make_settings(kaggle_method="api", max_retries=1))

    assert obtained.how == "fetched"
    assert obtained.path.read_bytes() == sample.read_bytes()


def test_a_stalled_download_is_given_up_and_resumed(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    _behave(kaggle, transfer="stalled", broken_transfers=1)

    obtained = obtain_dataset(make_settings(kaggle_method="api", max_retries=1, kaggle_timeout=1))

    assert obtained.how == "resumed"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param({"api_status": 401}, ErrorCode.KAGGLE_AUTH_ERROR, id="401"),
        pytest.param({"api_status": 403}, ErrorCode.KAGGLE_FORBIDDEN, id="403"),
        pytest.param({"api_status": 404}, ErrorCode.KAGGLE_NOT_FOUND, id="404"),
        pytest.param({"api_status": 429}, ErrorCode.KAGGLE_RATE_LIMITED, id="429"),
        pytest.param({"api_status": 500}, ErrorCode.KAGGLE_SITE_ERROR, id="500"),
        pytest.param({"transfer": "refused"}, ErrorCode.KAGGLE_FORBIDDEN, id="403 of the storage"),
        pytest.param({"transfer": "truncated"}, ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED, id="ends short"),
        pytest.param({"transfer": "stalled"}, ErrorCode.KAGGLE_DOWNLOAD_STALLED, id="stalls"),
        pytest.param({"md5": "wrong"}, ErrorCode.KAGGLE_CHECKSUM_MISMATCH, id="other bytes than announced"),
        pytest.param({"content": "html", "md5": "none"}, ErrorCode.KAGGLE_SITE_ERROR, id="a web page"),
    ],
)
def test_each_refusal_has_its_code_and_leaves_nothing_behind(
    kaggle: Kaggle, make_settings: MakeSettings, behaviour: dict[str, object], code: ErrorCode
) -> None:
    _behave(kaggle, **behaviour)
    settings = make_settings(kaggle_method="api", kaggle_timeout=1)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(settings)

    assert caught.value.code is code
    assert list(settings.files.downloads.iterdir()) == []


def test_permanent_refusals_are_not_tried_again(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    _behave(kaggle, api_status=404)

    with pytest.raises(PipelineError):
        obtain_dataset(make_settings(kaggle_method="api", max_retries=5))

    assert len(kaggle.record.requests) == 1


def test_wrong_credentials_are_refused(make_settings: MakeSettings) -> None:
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_method="api", kaggle_key="not-the-key"))

    assert caught.value.code is ErrorCode.KAGGLE_AUTH_ERROR
    assert "KAGGLE_KEY" in caught.value.remedy
    assert "not-the-key" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 401])
def test_a_key_that_the_api_repeats_is_hidden(make_settings: MakeSettings, status: int) -> None:
    async def repeat(request: Request) -> Response:
        said = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        return JSONResponse({"code": 401, "message": f"Nobody is {said}"}, status)

    with serving(Starlette(routes=[Route("/{path:path}", repeat)])) as url, pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_method="api", kaggle_base_url=url))

    assert caught.value.code is ErrorCode.KAGGLE_AUTH_ERROR
    assert "Nobody is somebody" in caught.value.what
    assert ACCOUNT.key not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://[broken?X-Goog-Signature=secret", ErrorCode.KAGGLE_SITE_ERROR),
        ("ftp://elsewhere.example/?X-Goog-Signature=secret", ErrorCode.KAGGLE_UNREACHABLE),
        ("/around", ErrorCode.KAGGLE_SITE_ERROR),
    ],
)
def test_a_redirect_to_nowhere_is_reported_without_its_signature(
    make_settings: MakeSettings, location: str, code: ErrorCode
) -> None:
    async def redirect(_: Request) -> Response:
        return Response(status_code=302, headers={"location": location})

    with serving(Starlette(routes=[Route("/{path:path}", redirect)])) as url, pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_method="api", kaggle_base_url=url))

    assert caught.value.code is code
    assert "secret" not in str(caught.value)


def test_credentials_are_asked_for_only_where_they_are_needed(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    _behave(kaggle, api_requires_login=True)

    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_method="api", kaggle_username=None, kaggle_key=None))

    assert caught.value.code is ErrorCode.KAGGLE_FORBIDDEN
    assert "KAGGLE_USERNAME" in caught.value.remedy


def test_a_key_without_its_user_name_is_missing_configuration(make_settings: MakeSettings) -> None:
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_method="api", kaggle_username=None))

    assert caught.value.code is ErrorCode.MISSING_CONFIG


def test_an_address_that_does_not_answer_is_unreachable(make_settings: MakeSettings) -> None:
    with pytest.raises(PipelineError) as caught:
        obtain_dataset(make_settings(kaggle_method="api", kaggle_base_url="http://127.0.0.1:1"))

    assert caught.value.code is ErrorCode.KAGGLE_UNREACHABLE
