"""HUBSPOT_EMAIL_DOMAIN in any script: what registries take by IDNA 2008, and why the rest is refused."""

import pytest

from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.email_rules import is_valid_email
from babynames_dagster.settings import load_settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("straße.de", "xn--strae-oqa.de"),
        ("STRASSE.de", "strasse.de"),
        ("Faß.de", "xn--fa-hia.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("\uff2e\uff41\uff4d\uff45\uff53.com", "names.com"),
        ("r3---names.com", "r3---names.com"),
    ],
)
def test_a_domain_is_kept_as_registries_write_it(given: str, kept: str) -> None:
    assert load_settings(hubspot_email_domain=given).hubspot.email_domain == kept
    assert is_valid_email(f"mary.f@{kept}")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("i❤.ws", r"U\+2764"),
        ("😀.com", r"U\+1F600"),
        ("a\u200db.com", r"Joiner U\+200D"),
        ("xn--a.com", r"U\+0080"),
        ("-ü.com", "hyphen"),
        ("\u0660\u0661.com", "directionality"),
    ],
)
def test_a_label_that_no_registry_takes_is_refused_with_the_reason(given: str, why: str) -> None:
    with pytest.raises(PipelineError, match=f"HUBSPOT_EMAIL_DOMAIN.*{why}"):
        load_settings(hubspot_email_domain=given)
