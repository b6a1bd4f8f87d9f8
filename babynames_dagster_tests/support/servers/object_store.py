"""An object store on loopback: moto's S3, with faults in front of it."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import requests
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

BUCKET = "datasets"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "not a secret",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

Fault = Callable[[str, str], Response | None]
"""Answers a request in the store's place: from its method and path."""


@dataclass
class ObjectStore:
    """A served store.

    Attributes:
        url: Its address.
        requests: Method and path of each request so far.
        fault: What answers in its place, where it does.
    """

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    fault: Fault = lambda *_: None

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a provider's chain finds the store and its credentials."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def client(self) -> Any:  # noqa: ANN401 - boto3 makes its clients' types when it runs
        """Return another program's view of the store."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def objects(self) -> list[str]:
        """Return the keys of all objects, in order."""
        return [item["Key"] for item in self.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def uploads(self) -> list[str]:
        """Return the keys that were written so far, each as often as it was begun."""
        return [path for method, path in self.requests if method == "POST" and path.endswith("?uploads")]


class _Quiet(WSGIRequestHandler):
    @override
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running_object_store() -> Iterator[ObjectStore]:
    """Serve a store with one empty bucket."""
    store = ObjectStore()
    behind = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own types
        method = environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        store.requests.append((method, path))
        response = store.fault(method, path)
        return response(environ, start_response) if response is not None else behind(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        requests.post(f"{store.url}/moto-api/reset", timeout=10).raise_for_status()  # moto's state is the process's
        store.client().create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": CREDENTIALS["AWS_REGION"]}
        )
        yield store
    finally:
        server.shutdown()
        thread.join()


def refusal(status: int, code: str) -> Response:
    """Return an error as S3 words it."""
    return Response(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status, mimetype="application/xml")
