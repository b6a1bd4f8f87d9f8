"""Secrets leave the process in no spelling."""

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from babynames_dagster.common.log.masking import HIDDEN, Mask
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.groups.group import is_secret
from babynames_dagster.settings.model import VARIABLES

SECRET_FIELDS = [name.lower() for name, field in VARIABLES.items() if is_secret(field)]


def test_the_secret_settings_are_known() -> None:
    assert set(SECRET_FIELDS) == {
        "alert_webhook_url",
        "database_url",
        "db_password",
        "hubspot_access_token",
        "kaggle_api_token",
        "kaggle_key",
        "kaggle_password",
        "smtp_password",
        "success_ping_url",
    }


@pytest.mark.parametrize("name", [name for name in SECRET_FIELDS if name != "database_url"])
def test_every_secret_setting_is_masked(name: str) -> None:
    secret = "https://hooks.example/T0P"
    mask = Mask(load_settings(**{name: SecretStr(secret)}).secrets())
    assert mask(f"to {secret}!") == f"to {HIDDEN}!"


def test_an_address_without_a_password_is_no_secret() -> None:
    assert (
        Mask(load_settings(database_url=SecretStr("sqlite:///file.db")).secrets())("sqlite:///file.db")
        == "sqlite:///file.db"
    )


def test_nothing_secret_leaves_a_text_as_it_is() -> None:
    assert Mask(load_settings().secrets())("a text") == "a text"


def test_of_two_secrets_the_longer_one_is_masked_whole() -> None:
    mask = Mask(load_settings(db_password=SecretStr("secret"), smtp_password=SecretStr("secret-longer")).secrets())
    assert mask("secret-longer secret") == f"{HIDDEN} {HIDDEN}"


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=4).filter(
        lambda text: text.strip() and "*" not in text
    )
)
def test_no_spelling_of_a_secret_gets_through(secret: str) -> None:
    mask = Mask([("DB_PASSWORD", SecretStr(secret))])
    for spelled in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)):
        assert spelled.strip('"') not in mask(f"a {spelled} b") or spelled.strip('"') in f"a {HIDDEN} b"
