"""A private Redis on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NotConnectedError
from redis.retry import Retry

from babynames_dagster_tests.support.servers.mariadb import free_port


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Serve an empty Redis that writes nothing to the disk, and yield its address."""
    port = free_port()
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - a program of this machine with arguments of ours
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],  # noqa: S607 - found by PATH
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with Redis(port=port, retry=Retry(ConstantBackoff(0.1), 100), retry_on_error=[NotConnectedError]) as client:
            client.ping()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()
