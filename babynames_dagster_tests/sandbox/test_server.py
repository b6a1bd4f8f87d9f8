"""The whole sandbox: both stand-ins, and what points the pipeline at them."""

import zipfile
from pathlib import Path

import pytest
import requests

from babynames_dagster.sandbox.server import is_serving
from babynames_dagster.settings import load_settings
from babynames_dagster_tests.support.stand_ins.sandbox import running_sandbox

_FILE = "/api/v1/datasets/download/thedevastator/us-baby-names-by-year-of-birth/babyNamesUSYOB-full.csv"


def test_its_variables_make_complete_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_sandbox(dataset=None, state=tmp_path / "state") as sandbox:
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()

        settings.kaggle.require("email", "password", "username", "key")
        settings.hubspot.require("access_token")
        assert settings.kaggle.base_url == sandbox.kaggle.url
        assert settings.hubspot.base_url == sandbox.hubspot_url


def test_serves_the_dataset_that_it_is_given(tmp_path: Path) -> None:
    given = tmp_path / "own.zip"
    with zipfile.ZipFile(given, "w") as archive:
        archive.writestr("babyNamesUSYOB-full.csv", "Name,Sex\nMary,F\n")

    with running_sandbox(dataset=given, state=tmp_path / "state") as sandbox:
        assert requests.get(sandbox.kaggle.url + _FILE, timeout=30).content == given.read_bytes()


def test_serves_a_plain_csv_as_its_zip(tmp_path: Path) -> None:
    given = tmp_path / "own.csv"
    given.write_text("Name,Sex\nMary,F\n")

    with running_sandbox(dataset=given, state=tmp_path / "state") as sandbox:
        fetched = tmp_path / "fetched.zip"
        fetched.write_bytes(requests.get(sandbox.kaggle.url + _FILE, timeout=30).content)

    with zipfile.ZipFile(fetched) as archive:
        assert archive.read("babyNamesUSYOB-full.csv") == given.read_bytes()


def test_contacts_survive_from_run_to_run(tmp_path: Path) -> None:
    contact = {"id": "john.m@babynamesdemo.com", "idProperty": "email", "properties": {"firstname": "John"}}
    with running_sandbox(dataset=None, state=tmp_path / "state") as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.environment['HUBSPOT_ACCESS_TOKEN']}"}
        address = f"{sandbox.hubspot_url}/crm/v3/objects/contacts/batch/upsert"
        created = requests.post(address, json={"inputs": [contact]}, headers=headers, timeout=30)
        assert created.ok

    with running_sandbox(dataset=None, state=tmp_path / "state") as sandbox:
        listed = requests.get(f"{sandbox.hubspot_url}/crm/v3/objects/contacts", headers=headers, timeout=30)

    assert [found["id"] for found in listed.json()["results"]] == [created.json()["results"][0]["id"]]


def test_it_is_known_to_serve_for_as_long_as_it_does(tmp_path: Path) -> None:
    with running_sandbox(dataset=None, state=tmp_path / "state") as sandbox:
        url = sandbox.hubspot_url
        assert is_serving(url)
        assert not is_serving(sandbox.kaggle.url)
    assert not is_serving(url)
    assert not is_serving("https://api.hubapi.com")
