"""Serving the Kaggle-like site and its storage, each on an origin of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from babynames_dagster.sandbox.kaggle.site import ACCOUNT, DATASET, KaggleSite
from babynames_dagster.sandbox.kaggle.storage import DatasetFiles, DatasetStorage
from babynames_dagster.sandbox.sample import FILE_NAME
from babynames_dagster.sandbox.serving import serving


@dataclass(frozen=True)
class ServedKaggle:
    """The stand-in while it is served.

    Attributes:
        url: The site's address, for KAGGLE_BASE_URL.
        environment: The variables that point the pipeline at it.
    """

    url: str
    environment: dict[str, str]


@contextmanager
def serving_kaggle(
    dataset: Path,
    *,
    port: int = 0,
    make_site: Callable[[DatasetFiles, str], KaggleSite] = KaggleSite,
    make_storage: Callable[[DatasetFiles], DatasetStorage] = DatasetStorage,
) -> Iterator[ServedKaggle]:
    """Serve a dataset as Kaggle does.

    Args:
        dataset: The zip or CSV to serve.
        port: The site's port, or 0 for any free one; the storage takes any.
        make_site: Makes the site of the dataset's files and the storage's address.
        make_storage: Makes the storage of the dataset's files.

    Yields:
        The stand-in.

    Raises:
        OSError: The port is taken, or the dataset can't be read.
    """
    files = DatasetFiles(dataset, name=FILE_NAME)
    with serving(make_storage(files).app()) as storage:
        # Another host name, too: cookies know no ports.
        elsewhere = f"http://localhost:{urlsplit(storage).port}"
        with serving(make_site(files, elsewhere).app(), port=port) as url:
            yield ServedKaggle(
                url,
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
