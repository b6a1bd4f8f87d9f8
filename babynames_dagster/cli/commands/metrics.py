"""`babynames metrics`: serves the pipeline's figures to Prometheus."""

import signal
import threading
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry, start_http_server

from babynames_dagster.cli.command_log import log_command
from babynames_dagster.cli.options import settings_of
from babynames_dagster.cli.runs.instance import shared_instance
from babynames_dagster.cli.terminal import inform
from babynames_dagster.database.connection.engine import opened_engine
from babynames_dagster.database.ledger.candidates import ContactScope
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import app_digest
from babynames_dagster.names.contacts.mapping import NameMapping
from babynames_dagster.orchestration.metrics.collector import Account, PipelineCollector
from babynames_dagster.settings import AccountSettings


def metrics(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(help="Port to serve on; 0 for any.", min=0, max=65535)] = 9477,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
) -> None:
    """Serve the pipeline's figures to Prometheus until Ctrl-C.

    Reads the database and Dagster's instance at each scrape, and changes nothing. A database that is not there yet is
    down until a run makes it.

    Example: `babynames metrics --port 9477`, then `curl http://127.0.0.1:9477/metrics`
    """
    settings = settings_of(context)
    log_command(context, settings, makes_data=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with (
        opened_engine(settings.database_address(), makes_file=False) as engine,
        shared_instance(settings.files.records, settings.env_file) as instance,
    ):
        registry = CollectorRegistry()
        registry.register(PipelineCollector(engine, instance, _account(settings.account)))
        try:
            server, _ = start_http_server(port, host, registry)
        except OSError as error:
            raise PipelineError(
                ErrorCode.INVALID_CONFIG,
                f"{host}:{port} can't be served: {error.strerror}.",
                remedy="Choose another --port or --host.",
            ) from None
        inform(f"Serving http://{host}:{server.server_port}/metrics until Ctrl-C.")
        stop.wait()
        server.shutdown()


def _account(settings: AccountSettings) -> Account | None:
    if settings.hubspot.access_token is None:
        return None
    return Account(
        app_digest(settings),
        NameMapping.from_settings(settings.hubspot).contacts.fingerprint,
        ContactScope.from_settings(settings.hubspot),
    )
