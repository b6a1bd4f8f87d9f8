"""`babynames check kaggle`: the way to the file, tried for real up to the download."""

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.check import check_kaggle, how_signed_in
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle


@pytest.mark.usefixtures("chromium")
def test_signs_in_and_finds_the_control_without_downloading(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    settings = make_settings()

    assert "with KAGGLE_EMAIL and KAGGLE_PASSWORD" in check_kaggle(settings)
    assert "with the kept session" in check_kaggle(settings)
    assert kaggle.record.paths("storage") == []
    assert not settings.files.downloads.exists()


@pytest.mark.usefixtures("chromium")
def test_says_what_a_run_would_fail_with(make_settings: MakeSettings) -> None:
    with pytest.raises(PipelineError) as caught:
        check_kaggle(make_settings(kaggle_password="wrong"))

    assert caught.value.code is ErrorCode.KAGGLE_AUTH_ERROR


@pytest.mark.usefixtures("chromium")
def test_a_login_that_the_site_forgets_is_no_success(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    kaggle.behaviour.after_login = "forgotten"

    with pytest.raises(PipelineError) as caught:
        check_kaggle(make_settings())

    assert caught.value.code is ErrorCode.KAGGLE_AUTH_ERROR


def test_a_login_by_hand_is_not_credited_to_the_settings() -> None:
    assert "KAGGLE_EMAIL" in how_signed_in(kept=False, headless=True)
    assert "KAGGLE_EMAIL" not in how_signed_in(kept=False, headless=False)


def test_asks_the_api_for_the_file_without_fetching_it(make_settings: MakeSettings) -> None:
    assert "bytes" in check_kaggle(make_settings(kaggle_method="api"))

    with pytest.raises(PipelineError) as caught:
        check_kaggle(make_settings(kaggle_method="api", kaggle_file="another.csv"))

    assert caught.value.code is ErrorCode.KAGGLE_NOT_FOUND


@pytest.mark.usefixtures("chromium")
def test_auto_says_why_the_browser_is_blocked_and_that_rest_works(kaggle: Kaggle, make_settings: MakeSettings) -> None:
    kaggle.behaviour.after_login = "two_factor"

    found = check_kaggle(make_settings(kaggle_method="auto"))

    assert "by REST" in found
    assert "KAGGLE_TWO_FACTOR" in found
