"""Who works on a load: a claim that ends with the process that holds it, however it ends.

A claim only distinguishes a crashed load from a running one. What keeps two processes from writing one load's batches
is the resume point, which each batch's transaction checks.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.locks import lock_name, named_lock


@contextmanager
def claimed_load(engine: Engine, load_id: int) -> Iterator[bool]:
    """Claim a load for as long as the block lasts.

    On a server the claim is a named lock of one connection; beside a SQLite file it is a locked file. Both vanish
    with the process.

    Yields:
        Whether the claim was to be had: no other process works on the load.

    Raises:
        PipelineError: Any DB_* code, when the claim is taken.
    """
    with ExitStack() as stack:
        if engine.dialect.name == "sqlite":
            yield _claim_by_file(Path(f"{engine.url.database}.load-{load_id}.lock"), stack)
        else:
            yield _claim_by_server(engine, load_id, stack)


def _claim_by_file(path: Path, stack: ExitStack) -> bool:
    handle = stack.enter_context(path.open("ab"))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    stack.callback(path.unlink, missing_ok=True)
    return True


def _claim_by_server(engine: Engine, load_id: int, stack: ExitStack) -> bool:
    return stack.enter_context(named_lock(engine, lock_name(engine, "load", load_id), seconds=0))
