"""Serving the Kaggle-like site and its storage, each on an origin of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from babynames_dagster.sandbox.kaggle.behaviour import Behaviour, Record
from babynames_dagster.sandbox.kaggle.site import Account, KaggleSite
from babynames_dagster.sandbox.kaggle.storage import DatasetFiles, storage_app
from babynames_dagster.sandbox.sample import FILE_NAME
from babynames_dagster.sandbox.serving import serving

DATASET = "thedevastator/us-baby-names-by-year-of-birth"
ACCOUNT = Account(
    email="somebody@example.com",
    password="made-up-kaggle-password",  # noqa: S106 - opens nothing but this stand-in
    code="123456",
    username="somebody",
    key="0123456789abcdef0123456789abcdef",
    token="KGAT_made_up_token",  # noqa: S106 - opens nothing but this stand-in
)


@dataclass(frozen=True)
class ServedKaggle:
    """The stand-in while it is served.

    Attributes:
        url: The site's address, for KAGGLE_BASE_URL.
        site: Its state: behaviour, sessions, what it received.
        environment: The variables that point the pipeline at it.
    """

    url: str
    site: KaggleSite
    environment: dict[str, str]


@contextmanager
def serving_kaggle(dataset: Path, *, port: int = 0) -> Iterator[ServedKaggle]:
    """Serve a dataset as Kaggle does.

    Args:
        dataset: The zip or CSV to serve.
        port: The site's port, or 0 for any free one; the storage takes any.

    Yields:
        The stand-in.

    Raises:
        OSError: The port is taken, or the dataset can't be read.
    """
    files = DatasetFiles(dataset, name=FILE_NAME)
    behaviour, record = Behaviour(), Record()
    with serving(storage_app(files, behaviour, record)) as storage:
        # Another host name, too: cookies know no ports.
        elsewhere = f"http://localhost:{urlsplit(storage).port}"
        site = KaggleSite(files, ACCOUNT, dataset=DATASET, storage_url=elsewhere, behaviour=behaviour, record=record)
        with serving(site.app(), port=port) as url:
            yield ServedKaggle(
                url,
                site,
                {
                    "KAGGLE_BASE_URL": url,
                    "KAGGLE_DATASET": DATASET,
                    "KAGGLE_FILE": FILE_NAME,
                    "KAGGLE_EMAIL": ACCOUNT.email,
                    "KAGGLE_PASSWORD": ACCOUNT.password,
                    "KAGGLE_USERNAME": ACCOUNT.username,
                    "KAGGLE_KEY": ACCOUNT.key,
                },
            )
