"""The calls for one contact, as other tools make them."""

import requests

from babynames_dagster_tests.support.stand_ins.hubspot import TOKEN, StandIn


def test_one_contact_is_made_and_changed_without_a_batch(stand_in: StandIn) -> None:
    url, headers = f"{stand_in.url}/crm/v3/objects/contacts", {"Authorization": f"Bearer {TOKEN}"}
    body = {"properties": {"email": "a@x.com", "firstname": "Ada"}}
    made = requests.post(url, json=body, headers=headers, timeout=10)
    assert (made.status_code, made.json()["properties"]["email"]) == (201, "a@x.com")
    again = requests.post(url, json=body, headers=headers, timeout=10)
    assert (again.status_code, again.json()["category"]) == (409, "CONFLICT")
    bad = requests.post(url, json={"properties": {"email": "none"}}, headers=headers, timeout=10)
    assert (bad.status_code, bad.json()["category"]) == (400, "VALIDATION_ERROR")
    other = {"properties": {"firstname": "Eva"}}
    changed = requests.patch(f"{url}/a@x.com?idProperty=email", json=other, headers=headers, timeout=10)
    assert changed.status_code == 200
    assert requests.patch(f"{url}/{made.json()['id']}", json=other, headers=headers, timeout=10).status_code == 200
    absent = requests.patch(f"{url}/b@x.com?idProperty=email", json=other, headers=headers, timeout=10)
    assert absent.status_code == 404
    assert stand_in.contacts()["a@x.com"]["firstname"] == "Eva"
