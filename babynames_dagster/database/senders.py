"""Who sends which partition: one row a portal, source and partition, with a claim that ends by the database's clock.

What belongs here: the statements. What does not: how long a claim lasts, and waiting for one (`hubspot/leases.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.connection.retrying import retried_transaction
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.portable import insert_if_missing, server_clock
from babynames_dagster.database.tables import senders


@dataclass(frozen=True)
class Claim:
    """What a sender says of itself.

    Attributes:
        holder: Unlike that of every other claim, at most 32 ASCII characters.
        sender: Whose it is, for people.
        process: The process that sends, as its own host knows it.
    """

    holder: str
    sender: str
    process: str


@dataclass(frozen=True)
class SenderRow:
    """A partition that is being sent.

    Attributes:
        partition: The partition.
        sender: Who sends it, for people.
        process: The process that does.
        seconds_left: Until the claim ends, unless it is renewed.
    """

    partition: str
    sender: str
    process: str
    seconds_left: float


def claim_partitions(  # noqa: PLR0913 - a claim is all of these, by keyword
    engine: Engine,
    *,
    ledger: Ledger,
    partitions: Sequence[str],
    claim: Claim,
    seconds: float,
    is_gone: Callable[[str], bool],
) -> list[SenderRow]:
    """Claim all these partitions, or none of them where another sender has one.

    Args:
        engine: The database.
        ledger: The source and the account.
        partitions: What to claim.
        claim: Whose it is.
        seconds: How long it lasts, unless it is renewed.
        is_gone: Says of a `process` that it has ended for certain.

    Returns:
        Who is in the way; empty where all are claimed.

    Raises:
        PipelineError: Any DB_* code.
    """
    return retried_transaction(lambda: _claim_once(engine, ledger, sorted(partitions), claim, seconds, is_gone))


def renew_claim(engine: Engine, holder: str, *, seconds: float) -> int:
    """Let a claim last for `seconds` from now, and return how many partitions it still has.

    Raises:
        PipelineError: Any DB_* code.
    """
    with writing(engine) as connection:
        until = _now(connection) + seconds
        statement = sa.update(senders).where(senders.c.holder == holder).values(expires_at=until)
        return connection.execute(statement).rowcount


def release_claim(engine: Engine, holder: str) -> None:
    """Give back a claim.

    Raises:
        PipelineError: Any DB_* code.
    """
    with writing(engine) as connection:
        connection.execute(sa.update(senders).where(senders.c.holder == holder).values(holder="", expires_at=0.0))


def active_senders(engine: Engine, ledger: Ledger) -> list[SenderRow]:
    """Return the partitions of a source that are being sent to an account, in order.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = sa.select(senders).where(ledger.owns(senders)).order_by(senders.c.partition_key)
    with reading(engine) as connection:
        now = _now(connection)
        rows = [_row(found, now) for found in connection.execute(statement)]
    return [row for row in rows if row.seconds_left > 0]


def _claim_once(  # noqa: PLR0913, PLR0917 - as above
    engine: Engine,
    ledger: Ledger,
    partitions: Sequence[str],
    claim: Claim,
    seconds: float,
    is_gone: Callable[[str], bool],
) -> list[SenderRow]:
    wanted = sa.and_(ledger.owns(senders), senders.c.partition_key.in_(partitions))
    locked = sa.select(senders).where(wanted).order_by(senders.c.partition_key).with_for_update()
    with writing(engine) as connection:
        found = connection.execute(locked).all()
        missing = [partition for partition in partitions if partition not in {row.partition_key for row in found}]
        if missing:
            connection.execute(
                insert_if_missing(connection, senders),
                [
                    {
                        **ledger._asdict(),
                        "partition_key": partition,
                        "holder": "",
                        "sender": "",
                        "process": "",
                        "expires_at": 0.0,
                    }
                    for partition in missing
                ],
            )
            found = connection.execute(locked).all()
        now = _now(connection)
        # A claim that lasts longer than any does was made before the clock was set back: it ends as if made now.
        beyond = sa.and_(wanted, senders.c.expires_at > now + seconds)
        if any(row.expires_at > now + seconds for row in found):
            connection.execute(sa.update(senders).where(beyond).values(expires_at=now + seconds))
        others = [row for row in (_row(each, now) for each in found) if row.seconds_left > 0]
        in_the_way = [row for row in others if not is_gone(row.process)]
        if not in_the_way:
            values = {
                "holder": claim.holder,
                "sender": claim.sender,
                "process": claim.process,
                "expires_at": now + seconds,
            }
            connection.execute(sa.update(senders).where(wanted).values(values))
        return in_the_way


def _row(found: sa.Row[tuple[object, ...]], now: float) -> SenderRow:
    return SenderRow(found.partition_key, found.sender, found.process, found.expires_at - now)


def _now(connection: Connection) -> float:
    return float(connection.exec_driver_sql(server_clock(connection)).scalar_one())
