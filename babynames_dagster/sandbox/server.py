"""The whole sandbox: the Kaggle-like site and the HubSpot-like API, and what points the pipeline at them."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import requests

from babynames_dagster.common.bearer import Bearer
from babynames_dagster.sandbox.hubspot.api import Extend, hubspot_app, nothing_more
from babynames_dagster.sandbox.kaggle.server import ServedKaggle, serving_kaggle
from babynames_dagster.sandbox.sample import write_sample
from babynames_dagster.sandbox.serving import serving
from babynames_dagster.settings.sandbox_file import is_loopback

HUBSPOT_TOKEN = "pat-na1-made-up-token"  # noqa: S105 - opens nothing but this stand-in
PORTAL_ID = 4_242_424
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Sandbox:
    """The stand-ins while they are served.

    Attributes:
        environment: The variables that point the pipeline at them.
        kaggle: The Kaggle-like site.
        hubspot_url: The HubSpot-like API's address.
    """

    environment: dict[str, str]
    kaggle: ServedKaggle
    hubspot_url: str


def is_serving(hubspot_url: str) -> bool:
    """Say whether a sandbox answers at an address of its HubSpot-like API; only on this machine is it asked."""
    if not is_loopback(urlsplit(hubspot_url).hostname or ""):
        return False
    with requests.Session() as session:
        session.trust_env = False  # no proxy leads to loopback
        try:
            answer = session.get(
                f"{hubspot_url}/account-info/v3/details", auth=Bearer(HUBSPOT_TOKEN), timeout=_ANSWER_SECONDS
            )
            return answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.json().get("portalId") == PORTAL_ID
        except (requests.RequestException, AttributeError):  # nothing there, or nothing of ours
            return False


@contextmanager
def running_sandbox(
    *,
    dataset: Path | None,
    state: Path,
    kaggle_port: int = 0,
    hubspot_port: int = 0,
    extend_hubspot: Extend = nothing_more,
) -> Iterator[Sandbox]:
    """Serve both stand-ins on loopback for as long as the block lasts.

    Args:
        dataset: A zip or CSV to serve as the dataset; None for the made-up sample.
        state: Folder of the HubSpot stand-in's contacts, which survive between runs.
        kaggle_port: The site's port, or 0 for any free one.
        hubspot_port: The API's port, or 0 for any free one.
        extend_hubspot: What makes more of the API; see `hubspot_app`.

    Yields:
        The sandbox.

    Raises:
        OSError: A port is taken, or the dataset or the folder can't be used.
    """
    with ExitStack() as stack:
        if dataset is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="babynames-sample-"))
            dataset = write_sample(Path(folder))
        kaggle = stack.enter_context(serving_kaggle(dataset, port=kaggle_port))
        state.mkdir(parents=True, exist_ok=True)
        contacts = state / "hubspot_contacts.db"
        hubspot = hubspot_app(state=contacts, token=HUBSPOT_TOKEN, portal_id=PORTAL_ID, extend=extend_hubspot)
        hubspot_url = stack.enter_context(serving(hubspot, port=hubspot_port))
        environment = {
            **kaggle.environment,
            "HUBSPOT_BASE_URL": hubspot_url,
            "HUBSPOT_ACCESS_TOKEN": HUBSPOT_TOKEN,
        }
        yield Sandbox(environment, kaggle, hubspot_url)
