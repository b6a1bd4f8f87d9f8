"""A Kaggle-like site for the tests, and settings that point at it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from babynames_dagster.sandbox.kaggle_behaviour import Behaviour
from babynames_dagster.sandbox.kaggle_server import ServedKaggle, serving_kaggle
from babynames_dagster.sandbox.sample import write_sample
from babynames_dagster.settings import Settings, load_settings


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up dataset's zip."""
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def served_site(sample: Path) -> Iterator[ServedKaggle]:
    """One site for all tests of this process."""
    with serving_kaggle(sample) as served:
        yield served


@pytest.fixture
def kaggle(served_site: ServedKaggle) -> ServedKaggle:
    """The site as new: nobody signed in, nothing received, behaving well."""
    behaviour = served_site.site.behaviour
    for name, value in vars(Behaviour()).items():
        setattr(behaviour, name, value)
    served_site.site.expire_sessions()
    served_site.site.record.requests.clear()
    return served_site


class MakeSettings(Protocol):
    """Builds settings for the site; what is given wins."""

    def __call__(self, **overrides: Any) -> Settings:  # noqa: ANN401 - the fields' own types
        ...


@pytest.fixture
def make_settings(kaggle: ServedKaggle, tmp_path: Path) -> MakeSettings:
    """Settings that point at the site and at an empty data folder, without retries unless asked for."""

    def make(**overrides: Any) -> Settings:  # noqa: ANN401 - the fields' own types
        of_site = {name.lower(): value for name, value in kaggle.environment.items()}
        defaults = {"data_dir": tmp_path / "data", "max_retries": 0, "retry_delay": 0, "kaggle_timeout": 30}
        return load_settings(**{**of_site, **defaults, **overrides})

    return make
