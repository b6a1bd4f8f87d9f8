"""What users do in the stand-in's account shows in its API as it does in HubSpot's."""

from typing import Any

import pytest

from babynames_dagster_tests.sandbox.hubspot.test_api import Api
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn

OURS, BOSS = "mary.f@x.com", "boss@customer.com"


@pytest.fixture
def api(stand_in: StandIn) -> Api:
    return Api(stand_in)


def made(api: Api, *emails: str) -> dict[str, str]:
    """Upsert contacts, and return their record ids by email."""
    results = api.upsert(*emails, properties={"firstname": "Mary"}).json()["results"]
    return {result["properties"]["email"]: result["id"] for result in results}


def read(api: Api, *ids: str, archived: bool = False) -> list[dict[str, Any]]:
    body = {"properties": ["email", "hs_additional_emails", "hs_merged_object_ids"], "inputs": [{"id": i} for i in ids]}
    results: list[dict[str, Any]] = api.post("read?archived=true" if archived else "read", body).json()["results"]
    return results


def test_both_ids_of_a_merge_mean_the_record_that_it_made(api: Api) -> None:
    ids = made(api, OURS, BOSS)
    merged = api.stand_in.merge(BOSS, OURS)
    assert merged not in ids.values()
    for former in ids.values():
        (record,) = read(api, former)
        assert record["id"] == merged
        assert record["properties"]["email"] == BOSS
        assert record["properties"]["hs_additional_emails"] == OURS
        assert set(record["properties"]["hs_merged_object_ids"].split(";")) == set(ids.values())


def test_a_merged_contact_is_found_and_written_by_its_secondary_email(api: Api) -> None:
    made(api, OURS, BOSS)
    merged = api.stand_in.merge(BOSS, OURS)
    (result,) = api.upsert(OURS, properties={"firstname": "Anna"}).json()["results"]
    assert (result["id"], result["new"], result["properties"]["email"]) == (merged, False, BOSS)
    assert api.stand_in.contacts()[BOSS]["firstname"] == "Anna"


def test_archiving_a_former_id_archives_the_merged_record(api: Api) -> None:
    ids = made(api, OURS, BOSS)
    api.stand_in.merge(BOSS, OURS)
    api.post("archive", {"inputs": [{"id": ids[OURS]}]})
    assert api.stand_in.contacts() == {}


def test_a_record_merged_twice_is_known_by_all_its_former_ids(api: Api) -> None:
    ids = made(api, OURS, BOSS, "third@x.com")
    first = api.stand_in.merge(BOSS, OURS)
    last = api.stand_in.merge("third@x.com", BOSS)
    assert {record["id"] for former in (*ids.values(), first) for record in read(api, former)} == {last}


def test_an_email_that_a_user_changed_is_free_again(api: Api) -> None:
    ids = made(api, OURS)
    api.stand_in.edit(OURS, email=BOSS)
    assert read(api, ids[OURS])[0]["properties"]["email"] == BOSS
    assert made(api, OURS)[OURS] != ids[OURS]


def test_archived_contacts_are_read_when_asked_for_and_deleted_ones_never(api: Api) -> None:
    ids = made(api, OURS, BOSS)
    api.stand_in.archive(OURS)
    api.stand_in.delete(BOSS)
    assert read(api, *ids.values()) == []
    assert [record["id"] for record in read(api, *ids.values(), archived=True)] == [ids[OURS]]


def test_an_account_may_rewrite_what_it_is_sent(api: Api) -> None:
    api.stand_in.change(rewrites={"firstname": "upper", "lastname": "n/a"})
    api.upsert(OURS, properties={"firstname": "Mary", "lastname": "Female"})
    held = api.stand_in.contacts()[OURS]
    assert (held["firstname"], held["lastname"]) == ("MARY", "n/a")
