"""Each version of HubSpot's API has its paths, and one that is gone is named before anything is written."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.endpoints import ACCOUNT, CREATE, PROPERTIES
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync


def test_the_version_stands_where_hubspot_puts_it() -> None:
    assert [call.path("v3") for call in (ACCOUNT, PROPERTIES, CREATE)] == [
        "/account-info/v3/details",
        "/crm/v3/properties/contacts",
        "/crm/v3/objects/contacts/batch/create",
    ]
    assert [call.path("2026-03") for call in (ACCOUNT, PROPERTIES, CREATE)] == [
        "/account-info/2026-03/details",
        "/crm/properties/2026-03/contacts",
        "/crm/objects/2026-03/contacts/batch/create",
    ]


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_a_sync_makes_all_its_calls_in_the_version_asked_for(
    sqlite_engine: Engine, stand_in: StandIn, version: str
) -> None:
    stand_in.change(versions=[version])
    add_names(sqlite_engine, 3)
    report = sync(sqlite_engine, stand_in, hubspot_api_version=version)
    assert report.total.created == len(stand_in.contacts()) == 3
    assert all(f"/{version}/" in entry["path"] for entry in stand_in.log())


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_a_version_that_is_gone_is_named_before_the_first_write(
    sqlite_engine: Engine, stand_in: StandIn, version: str
) -> None:
    stand_in.change(versions=["2026-09"])
    add_names(sqlite_engine, 3)
    with pytest.raises(PipelineError) as raised:
        sync(sqlite_engine, stand_in, hubspot_api_version=version)
    assert raised.value.code is ErrorCode.HUBSPOT_VERSION_GONE
    assert "no longer available" in raised.value.what
    assert len(stand_in.log()) == 1


@pytest.mark.parametrize("value", ["v2", "2026", "2026-13", "latest"])
def test_what_is_no_version_is_refused_with_the_settings(sqlite_engine: Engine, stand_in: StandIn, value: str) -> None:
    with pytest.raises(PipelineError, match="HUBSPOT_API_VERSION") as raised:
        stand_in.settings(sqlite_engine, hubspot_api_version=value)
    assert raised.value.code is ErrorCode.INVALID_CONFIG
