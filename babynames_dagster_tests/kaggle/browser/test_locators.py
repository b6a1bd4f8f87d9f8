"""The table of locators, and what users add to it."""

import pytest

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.browser.locators import locator_table, selectors_of


def test_a_users_locators_come_first_and_unknown_names_are_refused() -> None:
    table = locator_table({"banner": ("text=Go away",)})

    assert selectors_of(table, "banner", file="a.csv")[0] == "text=Go away"
    assert all('"a\\".csv"' in found for found in selectors_of(table, "file_download", file='a".csv')[:1])
    with pytest.raises(PipelineError) as caught:
        locator_table({"baner": ("text=Go away",)})

    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert "banner" in caught.value.what
