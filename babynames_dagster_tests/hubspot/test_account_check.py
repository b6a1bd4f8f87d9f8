"""The check of the account: whose it is, what it allows, and what the token lacks."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.preflight import check_account
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster_tests.support.stand_ins.hubspot import (
    PORTAL,
    StandIn,
)


def checked(stand_in: StandIn, engine: Engine) -> str:
    mapping = NameMapping("babynamesdemo.com").contacts
    return check_account(stand_in.settings(engine).account, engine, mapping, email="babynames-check@babynamesdemo.com")


def test_the_account_check_says_whose_account_it_is_and_what_it_allows(engine: Engine, stand_in: StandIn) -> None:
    stand_in.change(calls=190, window_seconds=10.0, daily_calls=625_000)
    said = checked(stand_in, engine)
    assert f"portal {PORTAL}, 190 calls per 10 s" in said
    assert stand_in.stats()["contacts"] == 0


@pytest.mark.parametrize("missing", ["crm.objects.contacts.read", "crm.schemas.contacts.read"])
def test_the_account_check_names_a_missing_scope(sqlite_engine: Engine, stand_in: StandIn, missing: str) -> None:
    stand_in.change(
        scopes=sorted(
            {"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"} - {missing}
        )
    )
    with pytest.raises(PipelineError, match=missing) as caught:
        checked(stand_in, sqlite_engine)
    assert caught.value.code is ErrorCode.HUBSPOT_MISSING_SCOPES
