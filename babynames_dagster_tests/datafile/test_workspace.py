"""The folder of a download under way, and what is left of it."""

import os
import socket
import time
from pathlib import Path

from babynames_dagster.datafile.workspace import download_workspace


def test_only_what_has_no_writer_any_more_is_cleared_away(tmp_path: Path) -> None:
    host, nobody = socket.gethostname(), 2**22 + 1  # above the largest process number that Linux gives
    dead = tmp_path / f".fetching.{host}.{nobody}.00000000"
    alive = tmp_path / f".fetching.{host}.{os.getpid()}.00000000"
    elsewhere = tmp_path / ".fetching.other.example.1.00000000"
    forgotten = tmp_path / ".fetching.other.example.2.00000000"
    for leftover in (dead, alive, elsewhere, forgotten):
        leftover.mkdir()
    two_days_ago = time.time() - 2 * 86_400
    os.utime(forgotten, (two_days_ago, two_days_ago))

    with download_workspace(tmp_path) as workspace:
        assert set(tmp_path.iterdir()) == {alive, elsewhere, workspace}

    assert set(tmp_path.iterdir()) == {alive, elsewhere}
