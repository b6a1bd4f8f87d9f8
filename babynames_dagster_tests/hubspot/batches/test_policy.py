"""What each write policy makes of a contact that HubSpot has, lacks, or has in part."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babynames_dagster.hubspot.batches.policy import Action, WritePolicy, decide

PAYLOAD = {"email": "mary.f@x.com", "firstname": "Mary", "lastname": "Female", "hs_lead_status": "NEW"}
EDITED = {**PAYLOAD, "firstname": "Marie", "hs_lead_status": None}


@pytest.mark.parametrize(
    ("policy", "absent", "same", "edited"),
    [
        (WritePolicy.OVERWRITE, Action.CREATE, Action.UPDATE, Action.UPDATE),
        (WritePolicy.FILL_EMPTY, Action.CREATE, Action.UNCHANGED, Action.UPDATE),
        (WritePolicy.CREATE_ONLY, Action.CREATE, Action.UNCHANGED, Action.KEEP),
        (WritePolicy.UPDATE_ONLY, Action.KEEP, Action.UNCHANGED, Action.UPDATE),
    ],
)
def test_each_policy_does_what_its_name_says(policy: WritePolicy, absent: Action, same: Action, edited: Action) -> None:
    assert [decide(PAYLOAD, theirs, policy).action for theirs in (None, PAYLOAD, EDITED)] == [absent, same, edited]


def test_what_is_filled_is_what_hubspot_lacks_and_the_rest_is_reported() -> None:
    decision = decide(PAYLOAD, EDITED, WritePolicy.FILL_EMPTY)
    assert decision.properties == {"hs_lead_status": "NEW"}
    assert {item.property: item.theirs for item in decision.differences} == {
        "firstname": "Marie",
        "hs_lead_status": None,
    }


def test_an_update_alone_writes_only_what_differs() -> None:
    decision = decide(PAYLOAD, EDITED, WritePolicy.UPDATE_ONLY)
    assert decision.properties == {"firstname": "Mary", "hs_lead_status": "NEW"}


@pytest.mark.parametrize("policy", WritePolicy)
def test_no_update_writes_an_email_that_users_may_just_have_changed(policy: WritePolicy) -> None:
    assert "email" not in decide(PAYLOAD, EDITED, policy).properties
    assert decide({"email": "mary.f@x.com"}, {"email": "mary.f@x.com"}, policy).action is Action.UNCHANGED


@given(
    st.one_of(st.none(), st.dictionaries(st.sampled_from(list(PAYLOAD)), st.sampled_from(["", "Mary", "NEW", "x"]))),
    st.sampled_from(WritePolicy),
)
def test_no_policy_writes_more_than_it_may(theirs: Mapping[str, str] | None, policy: WritePolicy) -> None:
    decision = decide(PAYLOAD, theirs, policy)
    assert bool(decision.properties) is (decision.action in {Action.CREATE, Action.UPDATE})
    assert all(PAYLOAD[name] == value for name, value in decision.properties.items())
    if policy is WritePolicy.FILL_EMPTY and theirs is not None:
        assert not any(theirs.get(name) for name in decision.properties)
    if policy is WritePolicy.CREATE_ONLY:
        assert (decision.action is Action.CREATE) is (theirs is None)
    if policy is WritePolicy.UPDATE_ONLY:
        assert decision.action is not Action.CREATE
