"""A run that is cancelled or killed in the middle of a download leaves no browser and no file behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster.settings import FetchSettings
from babynames_dagster_tests.support.fixtures.kaggle import MakeSettings
from babynames_dagster_tests.support.stand_ins.kaggle import Kaggle

pytestmark = pytest.mark.usefixtures("chromium")

_MARK = "BABYNAMES_TEST_MARK"
_PATIENCE = 120.0

# Dagster turns SIGTERM into an exception in the step; so does the first line here.
_CANCELLED = "import signal; signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
_PROGRAM = """
from babynames_dagster.kaggle.obtain import obtain_dataset
from babynames_dagster.settings import load_settings
settings = load_settings().fetching
obtain_dataset(settings, on_progress=lambda progress: progress.done and print(progress.done, flush=True))
"""


def _processes(mark: str) -> list[str]:
    """Return the command lines of all processes that inherited the mark."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files, of a short name, for the browser's socket in it."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


def _start_stalled_download(program: str, kaggle: Kaggle, settings: FetchSettings, **own: str) -> subprocess.Popen[str]:
    """Run the program, in a process group of its own, until its download has begun and stands still."""
    kaggle.behaviour.transfer = "stalled"
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={**os.environ, **kaggle.environment, "DATA_DIR": str(settings.files.data), **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    return process


@pytest.mark.parametrize(
    ("program", "send", "number"),
    [
        pytest.param(_CANCELLED + _PROGRAM, os.kill, signal.SIGTERM, id="cancelled"),
        pytest.param(_PROGRAM, os.killpg, signal.SIGINT, id="Ctrl-C"),
        pytest.param(_PROGRAM, os.kill, signal.SIGTERM, id="terminated at once"),
        pytest.param(_PROGRAM, os.kill, signal.SIGKILL, id="killed"),
    ],
)
def test_no_browser_survives_its_run(  # noqa: PLR0913, PLR0917 - fixtures and a table
    kaggle: Kaggle,
    make_settings: MakeSettings,
    temporary: Path,
    program: str,
    send: Callable[[int, int], None],
    number: signal.Signals,
) -> None:
    settings, mark = make_settings(), uuid.uuid4().hex
    own = {_MARK: mark, "TMPDIR": str(temporary)}
    with _start_stalled_download(program, kaggle, settings, **own) as process:
        assert any("chrom" in command for command in _processes(mark))
        assert not (settings.files.downloads / "babyNamesUSYOB-full.csv.zip").exists()

        send(process.pid, number)
        _, said = process.communicate(timeout=_PATIENCE)

    assert process.returncode != 0
    deadline = time.monotonic() + _PATIENCE
    while _processes(mark) and time.monotonic() < deadline:
        os.sched_yield()
    assert _processes(mark) == []
    if "KeyboardInterrupt" in said:
        assert list(settings.files.downloads.iterdir()) == []
        assert list(temporary.iterdir()) == []
        assert "playwright" not in said.lower(), "no noise of the driver's"
    else:
        assert process.returncode == -number


def test_what_a_killed_run_left_is_cleared_by_the_next(
    kaggle: Kaggle, make_settings: MakeSettings, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    with _start_stalled_download(_PROGRAM, kaggle, settings, TMPDIR=str(temporary)) as process:
        process.kill()
    assert list(settings.files.downloads.glob(".fetching.*")) != []
    assert list(temporary.glob("babynames-*")) != []
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    kaggle.behaviour.transfer = "whole"

    obtained = obtain_dataset(settings)

    assert list(settings.files.downloads.iterdir()) == [obtained.path]
    assert list(temporary.glob("babynames-*")) == []
