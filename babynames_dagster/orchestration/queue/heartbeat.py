"""The heartbeat of a run on a worker: a key in Redis that ends by itself where its process ended."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

BEATS_MISSED = 6
"""Beats that may be missed before a run counts as silent."""

_log = logging.getLogger(__name__)


@contextmanager
def beating(app: Celery, task_id: str, *, seconds: float) -> Iterator[None]:
    """Keep a task's heartbeat going for as long as the block lasts.

    Args:
        app: Whose result backend is a Redis.
        task_id: The task.
        seconds: From one beat to the next.
    """
    ended = threading.Event()
    keeper = threading.Thread(target=_beat, args=(app, task_id, seconds, ended), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def is_beating(app: Celery, task_id: str) -> bool:
    """Say whether a task's process has sent a heartbeat lately.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    return bool(app.backend.client.exists(_key(task_id)))


def _beat(app: Celery, task_id: str, seconds: float, ended: threading.Event) -> None:
    while True:
        try:
            app.backend.client.set(_key(task_id), 1, px=int(seconds * BEATS_MISSED * 1000))
        except Exception as error:  # noqa: BLE001 - whatever Redis' client raises: the next beat may get through
            _log.warning("A heartbeat of task %s did not reach Redis: %s", task_id, type(error).__name__)
        if ended.wait(seconds):
            return


def _key(task_id: str) -> str:
    return f"babynames-heartbeat-{task_id}"
