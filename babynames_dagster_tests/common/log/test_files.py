"""Log files: where lines go, what they look like, and what never gets into one."""

import logging
import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from babynames_dagster.common.log.files import KEPT_DAYS, DailyFiles, log_to_files
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.common.progress import Progress
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import Settings, load_settings
from babynames_dagster_tests.support.processes import processes

pytestmark = pytest.mark.slow

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (DEBUG|INFO|WARNING|ERROR) +\S+: ")


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of the test's own."""
    made = logging.getLogger(f"test-{uuid.uuid4().hex}")
    yield made
    for handler in daily_files(made):
        made.removeHandler(handler)
        handler.close()


def daily_files(logger: logging.Logger) -> list[DailyFiles]:
    return [handler for handler in logger.handlers if isinstance(handler, DailyFiles)]


def lines(settings: Settings) -> list[str]:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(settings.files.logs.glob("*.log"))).splitlines()


def test_each_line_has_iso_time_and_level_those_of_tracebacks_and_broken_names_too(logger: logging.Logger) -> None:
    settings = load_settings()
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    logger.info("Loading %s", "Jo\n2026-01-01T00:00:00.000+00:00 ERROR forged: x")
    try:
        raise ValueError("boom")  # noqa: TRY301 - a traceback to log
    except ValueError:
        logger.exception("It failed")
    written = lines(settings)
    assert len(written) > 4
    assert all(LINE.match(line) for line in written)
    assert written[0].endswith("Loading Jo")
    assert f"INFO     {logger.name}: 2026-01-01T00:00:00.000+00:00 ERROR forged" in written[1]
    assert written[-1].endswith("ValueError: boom")


def test_the_file_is_named_for_the_day_and_the_next_day_has_another(logger: logging.Logger) -> None:
    settings = load_settings()
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    for days in (0, 1):
        record = logger.makeRecord(logger.name, logging.INFO, "", 0, f"day {days}", (), None)
        record.created += days * 86_400
        logger.handle(record)
    today = datetime.now().astimezone().date()
    names = [f"babynames-{today + timedelta(days=days)}.log" for days in (0, 1)]
    assert sorted(path.name for path in settings.files.logs.iterdir()) == names
    assert [(settings.files.logs / name).read_text(encoding="utf-8").split(": ")[1] for name in names] == [
        "day 0\n",
        "day 1\n",
    ]


def test_files_of_long_ago_are_removed_and_nothing_else(logger: logging.Logger) -> None:
    settings = load_settings()
    settings.files.logs.mkdir(parents=True)
    for day in range(1, 29):
        for month in (1, 2):
            (settings.files.logs / f"babynames-2020-{month:02}-{day:02}.log").touch()
    (settings.files.logs / "login-failed.png").touch()
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    kept = sorted(path.name for path in settings.files.logs.glob("*.log"))
    assert len(kept) == KEPT_DAYS
    assert "babynames-2020-01-01.log" not in kept
    assert (settings.files.logs / "login-failed.png").exists()


def test_log_level_decides_what_is_kept(logger: logging.Logger) -> None:
    settings = load_settings(log_level="warn")
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    logger.info("unheard")
    logger.warning("heard")
    assert [line.split(": ")[1] for line in lines(settings)] == ["heard"]


def test_secrets_are_masked_wherever_they_appear(logger: logging.Logger) -> None:
    settings = load_settings(
        db_password=SecretStr("pass/word 1"),
        database_url=SecretStr("mysql://root:s%40crets@host/name"),
        hubspot_access_token=SecretStr("pat-na1-0000"),
        kaggle_password=SecretStr('quo"ted'),
    )
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    logger.info("Bearer %s for mysql://u:pass%%2Fword%%201@h, pass/word 1, s@crets, s%%40crets", "pat-na1-0000")
    logger.info('{"password": "quo\\"ted"}')
    try:
        raise ValueError("pat-na1-0000")  # noqa: TRY301 - a traceback to log
    except ValueError:
        logger.exception("It failed")
    text = "\n".join(lines(settings))
    for leak in ("pat-na1", "pass/word", "pass%2Fword", "s@crets", "s%40crets", "quo"):
        assert leak not in text
    assert "Bearer ******** for mysql://u:********@h, ********, ********, ********" in text


def test_a_second_call_does_not_double_the_lines(logger: logging.Logger) -> None:
    settings = load_settings()
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    logger.info("once")
    assert len(lines(settings)) == 1


def test_reports_of_a_progress_bar_are_left_out(logger: logging.Logger) -> None:
    settings = load_settings(log_level="debug")
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    logger.debug("load", extra={"progress": Progress("load", 1, 2, "rows")})
    logger.debug("kept")
    assert [line.split(": ")[1] for line in lines(settings)] == ["kept"]


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_folder_that_cannot_be_written_is_one_clear_error(logger: logging.Logger, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        PipelineError, match=r"The log folder .* can't be written: (File exists|Not a directory)"
    ) as caught:
        log_to_files(load_settings(log_dir=tmp_path / name).files, Mask([]), logger)
    assert caught.value.code is ErrorCode.FILE_NOT_WRITABLE
    assert "LOG_DIR" in caught.value.remedy
    assert daily_files(logger) == []


def test_a_folder_that_is_lost_later_breaks_nothing_and_is_reported_once(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings()
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    for path in settings.files.logs.iterdir():
        path.unlink()
    settings.files.logs.rmdir()
    settings.files.logs.touch()
    for _ in range(3):
        record = logger.makeRecord(logger.name, logging.INFO, "", 0, "lost", (), None)
        record.created += 86_400
        logger.handle(record)
    reported = capsys.readouterr().err
    assert reported.count("Log lines are lost") == 1
    assert "Traceback" not in reported


def test_odd_characters_and_arguments_that_do_not_fit_break_nothing(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings()
    log_to_files(settings.files, Mask(settings.secrets()), logger)
    [handler] = daily_files(logger)
    handler.handle(logging.makeLogRecord({"msg": "lone \udc80, emoji 👶"}))
    handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("no number",)}))
    assert lines(settings)[0].endswith("lone \\udc80, emoji 👶")
    assert "Traceback" not in capsys.readouterr().err


def _write_many(folder: str, number: int) -> None:
    handler = DailyFiles(Path(folder))
    handler.setFormatter(logging.Formatter("%(message)s"))
    for line in range(300):
        handler.handle(logging.makeLogRecord({"msg": f"{number} {line} " + "x" * 500}))


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    writers = [processes().Process(target=_write_many, args=(str(tmp_path), number)) for number in range(3)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    written = "".join(path.read_text() for path in tmp_path.glob("*.log")).splitlines()
    assert sorted(written) == sorted(f"{number} {line} " + "x" * 500 for number in range(3) for line in range(300))
