"""The documents' examples of contact properties are taken by the stand-in, whose account is as HubSpot makes one."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster_tests.support.hubspot import StandIn, add_names, sync

CHECKOUT = Path(__file__).resolve().parents[3]
DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / ".env.example", *sorted((CHECKOUT / "docs").glob("*.md"))]
EXAMPLES = sorted(
    {
        example
        for document in DOCUMENTS
        for line in document.read_text(encoding="utf-8").splitlines()
        if "HUBSPOT_EXTRA_PROPERTIES" in line or "Constant properties" in line
        for example in re.findall(r"\{\"[^{}]*\}", line)
    }
)


def test_there_is_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_taken(sqlite_engine: Engine, stand_in: StandIn, example: str) -> None:
    properties = json.loads(example)
    add_names(sqlite_engine, 2)
    report = sync(sqlite_engine, stand_in, hubspot_extra_properties=properties)
    assert (report.total.created, report.total.rejected) == (2, 0)
    for contact in stand_in.contacts().values():
        assert properties.items() <= contact.items()
