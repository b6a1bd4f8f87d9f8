#!/opt/babynames/bin/python
"""Say by the exit status whether a service answers: `healthy grpc HOST:PORT` or `healthy http URL`.

Dagster's own `dagster api grpc-health-check` asks the same, but imports Dagster for seconds to do so.
"""

import sys
import urllib.request

SECONDS = 8


def _grpc(target: str) -> None:
    import grpc  # noqa: PLC0415 - `http` is asked without
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415 - the same

    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service="DagsterApi"), timeout=SECONDS)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise SystemExit(f"{target} does not serve: {answer.status}")


def _http(url: str) -> None:
    urllib.request.urlopen(url, timeout=SECONDS).close()  # noqa: S310 - our own service's address


if __name__ == "__main__":
    {"grpc": _grpc, "http": _http}[sys.argv[1]](sys.argv[2])
