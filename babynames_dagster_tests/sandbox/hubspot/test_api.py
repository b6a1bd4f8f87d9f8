"""The stand-in for HubSpot does what the real service was seen to do, inconvenient as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn, standing_in

BATCH = "/crm/v3/objects/contacts/batch"


class Api:
    """Calls of the API with the right token."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in

    def post(self, action: str, body: Any, token: str = TOKEN) -> requests.Response:  # noqa: ANN401 - any JSON value
        return requests.post(
            f"{self.stand_in.url}{BATCH}/{action}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.stand_in.url}{path}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)

    def upsert(self, *emails: str, traced: bool = True, properties: dict[str, str] | None = None) -> requests.Response:
        return self.post("upsert", {"inputs": [contact(email, properties, traced=traced) for email in emails]})


def contact(email: str, properties: dict[str, str] | None = None, *, traced: bool = True) -> dict[str, Any]:
    trace = {"objectWriteTraceId": f"row-{email}"} if traced else {}
    return {"id": email, "idProperty": "email", "properties": {"email": email, **(properties or {})}, **trace}


@pytest.fixture
def api(stand_in: StandIn) -> Api:
    return Api(stand_in)


def test_new_contacts_are_distinguished_from_known_ones_by_trace_id(api: Api) -> None:
    api.upsert("a@x.com")
    answer = api.upsert("a@x.com", "b@x.com")
    assert answer.status_code == 200
    assert answer.json()["status"] == "COMPLETE"
    results = {result["objectWriteTraceId"]: result["new"] for result in answer.json()["results"]}
    assert results == {"row-a@x.com": False, "row-b@x.com": True}


def test_results_come_in_another_order_than_the_inputs(api: Api) -> None:
    emails = [f"n{number}@x.com" for number in range(100)]
    results = api.upsert(*emails).json()["results"]
    assert [result["properties"]["email"] for result in results] != emails


def test_with_trace_ids_bad_rows_are_named_and_good_ones_written(api: Api) -> None:
    answer = api.upsert("good@x.com", "bad@x.test")
    assert answer.status_code == 207
    (error,) = answer.json()["errors"]
    assert error["context"]["objectWriteTraceId"] == ["row-bad@x.test"]
    assert "INVALID_EMAIL" in error["message"]
    assert set(api.stand_in.contacts()) == {"good@x.com"}


def test_without_trace_ids_one_bad_row_sinks_its_batch(api: Api) -> None:
    answer = api.upsert("good@x.com", "bad@x.test", traced=False)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert api.stand_in.contacts() == {}


@pytest.mark.parametrize(
    ("properties", "error"),
    [
        ({"no_such": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_lead_status": "WARM"}, "INVALID_OPTION"),
        ({"createdate": "1"}, "READ_ONLY_VALUE"),
    ],
)
def test_properties_are_checked(api: Api, properties: dict[str, str], error: str) -> None:
    assert error in api.upsert("a@x.com", properties=properties).json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"inputs": [contact("A@x.com"), contact("a@x.com")]}, "Duplicate IDs found in batch input"),
        ({"inputs": [contact(f"n{number}@x.com") for number in range(101)]}, "supported in a batch is 100"),
    ],
)
def test_some_mistakes_refuse_the_whole_batch_even_with_trace_ids(api: Api, body: dict[str, Any], said: str) -> None:
    answer = api.post("upsert", body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert api.stand_in.contacts() == {}


def test_a_body_without_inputs_is_a_success_that_writes_nothing(api: Api) -> None:
    answer = api.post("upsert", {})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_emails_are_stored_in_lower_case(api: Api) -> None:
    api.upsert("Jo@X.com")
    assert set(api.stand_in.contacts()) == {"jo@x.com"}


def test_the_lifecycle_stage_moves_forward_only(api: Api) -> None:
    api.upsert("a@x.com", properties={"lifecyclestage": "customer"})
    assert api.upsert("a@x.com", properties={"lifecyclestage": "subscriber"}).status_code == 200
    assert api.stand_in.contacts()["a@x.com"]["lifecyclestage"] == "customer"


def test_creating_a_known_contact_is_a_conflict(api: Api) -> None:
    assert api.post("create", {"inputs": [contact("a@x.com")]}).status_code == 201
    named = api.post("create", {"inputs": [contact("a@x.com"), contact("b@x.com")]})
    assert (named.status_code, named.json()["errors"][0]["category"]) == (207, "CONFLICT")
    whole = api.post("create", {"inputs": [contact("a@x.com", traced=False)]})
    assert (whole.status_code, whole.json()["category"]) == (409, "CONFLICT")


def test_reading_names_what_is_not_there(api: Api) -> None:
    api.upsert("a@x.com", properties={"firstname": "A"})
    body = {"idProperty": "email", "properties": ["firstname"], "inputs": [{"id": "A@x.com"}, {"id": "b@x.com"}]}
    answer = api.post("read", body)
    assert answer.status_code == 207
    assert answer.json()["results"][0]["properties"]["firstname"] == "A"
    assert answer.json()["errors"][0]["context"]["ids"] == ["b@x.com"]


def test_archiving_answers_with_nothing_and_frees_the_email(api: Api) -> None:
    (result,) = api.upsert("a@x.com").json()["results"]
    answer = api.post("archive", {"inputs": [{"id": result["id"]}, {"id": "999999"}]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.stand_in.contacts() == {}
    assert api.upsert("a@x.com").json()["results"][0]["new"] is True


def test_contacts_are_listed_in_pages(api: Api) -> None:
    api.upsert(*[f"n{number}@x.com" for number in range(25)])
    first = api.get("/crm/v3/objects/contacts").json()
    assert len(first["results"]) == 10
    rest = api.get(f"/crm/v3/objects/contacts?limit=100&after={first['paging']['next']['after']}").json()
    assert len(rest["results"]) == 15
    assert "paging" not in rest
    assert api.get("/crm/v3/objects/contacts?limit=101").status_code == 400


def test_a_wrong_token_an_expired_one_and_a_missing_scope_are_distinguished(api: Api) -> None:
    assert api.post("upsert", {}, token="wrong").json()["category"] == "INVALID_AUTHENTICATION"
    api.stand_in.change(scopes=[])
    refused = api.post("upsert", {})
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    api.stand_in.change(expired=True)
    assert api.post("upsert", {}).json()["category"] == "EXPIRED_AUTHENTICATION"


def test_the_window_rolls_and_says_what_is_left_of_it(api: Api) -> None:
    api.stand_in.change(calls=3, window_seconds=60.0)
    answers = [api.get("/account-info/v3/details") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-hubspot-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    refused = answers[-1].json()
    assert refused["policyName"] == "TEN_SECONDLY_ROLLING"
    assert "category" not in refused
    assert "Retry-After" not in answers[-1].headers


def test_the_day_ends_with_its_own_refusal(api: Api) -> None:
    api.stand_in.change(daily_calls=1)
    assert api.get("/account-info/v3/details").headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    assert api.get("/account-info/v3/details").json()["policyName"] == "DAILY"


def test_contacts_outlive_the_server(tmp_path: Path) -> None:
    with standing_in(tmp_path) as first:
        Api(first).upsert("a@x.com")
    with standing_in(tmp_path) as second:
        assert set(second.contacts()) == {"a@x.com"}


def test_a_fault_strikes_the_requests_that_it_was_asked_for(api: Api) -> None:
    api.stand_in.set_faults({"kind": "server_error", "requests": [2], "path": "/"})
    assert [api.get("/account-info/v3/details").status_code for _ in range(3)] == [200, 500, 200]
    assert [entry["status"] for entry in api.stand_in.log()] == [200, 500, 200]


def test_a_reset_may_come_before_or_after_the_write(api: Api) -> None:
    api.stand_in.set_faults({"kind": "reset_before", "times": 1}, {"kind": "reset_after", "times": 1})
    for written in (0, 1):
        with pytest.raises(requests.ConnectionError):
            api.upsert("a@x.com")
        assert len(api.stand_in.contacts()) == written


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ({"kind": "duplicated_rows"}, lambda results: len(results) == 4),
        ({"kind": "foreign_rows"}, lambda results: results[0]["objectWriteTraceId"] == "nobody-0"),
        ({"kind": "wrong_types"}, lambda results: isinstance(results[0]["id"], dict)),
    ],
)
def test_good_rows_may_be_reported_badly(api: Api, fault: dict[str, Any], broken: Callable[[list[Any]], bool]) -> None:
    api.stand_in.set_faults(fault)
    assert broken(api.upsert("a@x.com", "b@x.com").json()["results"])
    assert set(api.stand_in.contacts()) == {"a@x.com", "b@x.com"}


def test_any_rate_limit_header_may_be_missing(api: Api) -> None:
    api.stand_in.change(hidden_headers=["X-HubSpot-RateLimit-Daily", "X-HubSpot-RateLimit-Daily-Remaining"])
    headers = api.get("/account-info/v3/details").headers
    assert "X-HubSpot-RateLimit-Max" in headers
    assert "X-HubSpot-RateLimit-Daily-Remaining" not in headers


def test_an_upsert_names_the_property_that_its_ids_are_values_of(api: Api) -> None:
    item = contact("a@x.com")
    del item["idProperty"]
    assert api.post("upsert", {"inputs": [item]}).status_code == 400


def test_an_update_by_record_id_writes_the_named_properties_only(api: Api) -> None:
    record = api.upsert("a@x.com", properties={"firstname": "A", "lastname": "B"}).json()["results"][0]["id"]
    answer = api.post("update", {"inputs": [{"id": record, "properties": {"lastname": "C"}}]})
    assert answer.status_code == 200
    assert "new" not in answer.json()["results"][0]
    held = api.stand_in.contacts()["a@x.com"]
    assert (held["firstname"], held["lastname"]) == ("A", "C")


def test_an_update_names_the_rows_that_it_can_not_write(api: Api) -> None:
    results = api.upsert("a@x.com", "b@x.com").json()["results"]
    record = {result["properties"]["email"]: result["id"] for result in results}["a@x.com"]
    inputs = [
        {"id": record, "objectWriteTraceId": "taken", "properties": {"email": "b@x.com"}},
        {"id": "999999", "objectWriteTraceId": "absent", "properties": {"firstname": "N"}},
    ]
    errors = api.post("update", {"inputs": inputs}).json()["errors"]
    reported = {error["context"]["objectWriteTraceId"][0]: error["category"] for error in errors}
    assert reported == {"taken": "CONFLICT", "absent": "OBJECT_NOT_FOUND"}
