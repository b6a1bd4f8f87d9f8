"""Settings that make the sync slow are named."""

import pytest

from babynames_dagster.hubspot.sync.settings_advice import slow_settings_warning
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.stand_ins.hubspot import (
    TOKEN,
)


def test_settings_that_cost_a_factor_of_ten_are_named_with_what_to_set() -> None:
    warning = slow_settings_warning(load_settings(hubspot_batch_delay=2000, hubspot_requests_per_batch=10).hubspot)
    assert warning is not None
    assert "5 contacts a second, 200 times fewer" in warning
    assert "HUBSPOT_BATCH_DELAY=2000" in warning
    assert "HUBSPOT_REQUESTS_PER_BATCH=10: set it to 100" in warning


@pytest.mark.parametrize("overrides", [{}, {"hubspot_batch_delay": 150}, {"hubspot_requests_per_batch": 20}])
def test_settings_that_cost_less_are_not_worth_a_warning(overrides: dict[str, int]) -> None:
    assert slow_settings_warning(load_settings(hubspot_access_token=TOKEN, **overrides).hubspot) is None
