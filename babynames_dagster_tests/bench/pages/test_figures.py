"""The pages are what their generator makes of the figures."""

from babynames_dagster_tests.bench.pages.figures import PICTURE, picture, texts
from babynames_dagster_tests.docs.markdown import CHECKOUT, with_text


def test_the_pages_say_what_was_measured_last() -> None:
    for page, name, text in texts():
        document = (CHECKOUT / page).read_text(encoding="utf-8")
        assert with_text(document, name, text) == document


def test_the_picture_shows_it() -> None:
    assert (CHECKOUT / PICTURE).read_text(encoding="utf-8") == picture()
