"""Every example of a setting in the documents is one that the pipeline, and an account, takes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster.settings.sources import FOR_OTHERS, OLDER_NAMES
from babynames_dagster_tests.docs.markdown import CHECKOUT
from babynames_dagster_tests.docs.pages import PAGES, settings_in
from babynames_dagster_tests.support.command import run_babynames

FILES = [*CHECKOUT.glob("deploy/**/*.env"), *CHECKOUT.glob("deploy/**/*.env.example"), CHECKOUT / ".env.example"]
OTHERS = {
    "ALEMBIC_CONFIG",
    "ARGS",
    "BABYNAMES_ENV_FILE",
    "BABYNAMES_INSTANCE",
    "BABYNAMES_SETTINGS",
    "TMPDIR",
    *FOR_OTHERS,
}
"""Variables in the documents that are for other programs."""
IN_DESCRIPTION = re.compile(r"(?:such as|as JSON:|in order:|by commas:|find the file:|instead of DB_\*:|as) `([^`]+)`")
ACCOUNT = ("HUBSPOT_ACCESS_TOKEN", "HUBSPOT_BASE_URL", "HUBSPOT_API_KEY")


def examples() -> Iterator[tuple[str, dict[str, str]]]:
    for page in [*PAGES, *FILES]:
        for found in settings_in(page):
            yield page.name, found
    for name, field in VARIABLES.items():
        for value in IN_DESCRIPTION.findall(str(field.description)):
            yield "description", {name: value}


EXAMPLES = list(examples())


def label(example: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in example.items())


def test_there_are_examples_of_every_kind() -> None:
    assert {"README.md", "operations.md", "architecture.md", "demo.env", ".env.example", "description"} <= {
        page for page, _ in EXAMPLES
    }
    shown = {name for _, found in EXAMPLES for name in found}
    assert set(VARIABLES) <= shown


@pytest.mark.parametrize("example", [found for _, found in EXAMPLES], ids=label)
def test_an_example_names_settings_and_has_values_that_they_take(tmp_path: Path, example: Mapping[str, str]) -> None:
    known = {*VARIABLES, *OLDER_NAMES, *OTHERS}
    files = {name for name in example if name not in known and name.removesuffix("_FILE") in known}
    assert example.keys() <= known | files
    values = {name: value for name, value in example.items() if name not in files}
    if "SECRETS_DIR" in values:  # a folder of the server that the example is for
        values["SECRETS_DIR"] = str(tmp_path)
    settings = load_settings(values)
    assert not settings.misspelt
    if any(name.startswith("DB_") for name in values):
        load_settings({**values, "DB_NAME": "names", "DB_USER": "me"}).database_address()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with running_sandbox(dataset=None, state=tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox.environment


SENT = [
    found
    for page, found in EXAMPLES
    if page != ".env.example"
    and any(name.startswith("HUBSPOT_") and name not in ACCOUNT and value for name, value in found.items())
]


@pytest.mark.parametrize("example", SENT, ids=label)
def test_an_example_of_what_is_sent_fits_an_account(
    tmp_path: Path, account: Mapping[str, str], example: Mapping[str, str]
) -> None:
    wanted = {name: value for name, value in example.items() if name.startswith("HUBSPOT_")}
    answer = run_babynames("check", "hubspot", folder=tmp_path, environment={**wanted, **account})
    assert answer.returncode == 0, answer.stderr
