"""What the ledger keeps of contacts that HubSpot refused."""

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.entries import refused_contacts
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync


def test_rejected_contacts_are_listed_with_their_reasons(engine: Engine, stand_in: StandIn) -> None:
    add_names(engine, 5)
    fault = {"kind": "refused_batch", "status": 409, "path": "/create"}
    stand_in.set_faults({**fault, "emails": ["name3.f@babynamesdemo.com"]})
    sync(engine, stand_in)
    (reject,) = refused_contacts(engine, LedgerOutcome.REJECTED, 10)
    assert (reject.email, reject.name, reject.category) == ("name3.f@babynamesdemo.com", "Name3", "CONFLICT")
    assert reject.message == "Contact already exists. Existing ID: 37765128953"
