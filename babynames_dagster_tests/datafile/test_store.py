"""The dataset's file in a store that all machines share: S3 as moto serves it, and a folder."""

import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from babynames_dagster.datafile.record import FileRecord, read_record, write_record
from babynames_dagster.datafile.store import FETCHED, DatasetStore, bring_latest, bring_recorded, keep_copy
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import FileSettings
from babynames_dagster_tests.support.servers.object_store import BUCKET, ObjectStore, refusal, running_object_store

pytestmark = pytest.mark.slow

LOG = logging.getLogger(__name__)
CONTENT = b"YearOfBirth,Name,Sex,Number\n1880,Mary,F,7065\n" * 250_000  # more than one part of an upload
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with running_object_store() as served:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture(params=["s3", "folder"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        request.getfixturevalue("s3")
        return f"s3://{BUCKET}/names/v1"
    folder = tmp_path / "shared folder"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "one" / "names.csv"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def machine(tmp_path: Path, name: str, address: str) -> FileSettings:
    return FileSettings.of({"DATA_DIR": tmp_path / name, "DATASET_STORE": address})


def recorded(path: Path) -> FileRecord:
    status = path.stat()
    return FileRecord(str(path), hashlib.sha256(path.read_bytes()).hexdigest(), status.st_size, status.st_mtime_ns)


def test_another_machine_gets_the_very_file_that_a_run_settled_on(address: str, original: Path, tmp_path: Path) -> None:
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    keep_copy(machine(tmp_path, "one", address), "run-2", recorded(_other(tmp_path)))
    two = machine(tmp_path, "two", address)
    bring_recorded(two, ["run-1"], LOG)
    record = read_record(two.downloads, ["run-1"])
    assert record is not None
    assert (record.sha256, Path(record.path).name) == (DIGEST, "names.csv")
    assert Path(record.path).read_bytes() == CONTENT
    assert Path(record.path).stat().st_mtime_ns == original.stat().st_mtime_ns


def test_a_run_without_a_file_of_its_own_takes_the_latest_of_any_machine(
    address: str, original: Path, tmp_path: Path
) -> None:
    two = machine(tmp_path, "two", address)
    older = _other(tmp_path)
    write_record(two.downloads, "last-year", recorded(older))
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    bring_recorded(two, ["run-3", "run-2"], LOG)
    record = read_record(two.downloads, ["run-3", "run-2"])
    assert record is not None
    assert record.sha256 == DIGEST


def test_what_people_put_into_the_download_folder_stays(address: str, original: Path, tmp_path: Path) -> None:
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    two = machine(tmp_path, "two", address)
    two.downloads.mkdir(parents=True)
    theirs = two.downloads / "names.csv"
    theirs.write_text("theirs")
    bring_recorded(two, ["run-1"], LOG)
    bring_latest(two, LOG)
    assert theirs.read_text() == "theirs"


def test_an_empty_download_folder_is_given_the_latest_file(address: str, original: Path, tmp_path: Path) -> None:
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    pod = machine(tmp_path, "pod", address)
    bring_latest(pod, LOG)
    assert (pod.downloads / "names.csv").read_bytes() == CONTENT


def test_an_empty_store_offers_nothing(address: str, tmp_path: Path) -> None:
    two = machine(tmp_path, "two", address)
    bring_recorded(two, ["run-1"], LOG)
    bring_latest(two, LOG)
    assert read_record(two.downloads, ["run-1"]) is None


def test_a_machine_asks_for_the_same_content_once(s3: ObjectStore, original: Path, tmp_path: Path) -> None:
    address = f"s3://{BUCKET}/names"
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    keep_copy(machine(tmp_path, "one", address), "run-2", recorded(original))
    for run in ("run-1", "run-2"):
        bring_recorded(machine(tmp_path, "two", address), [run], LOG)
    assert s3.objects() == [
        f"names/files/{DIGEST}",
        *(f"names/runs/{run}.json" for run in ("latest", "run-1", "run-2")),
    ]
    assert sum(f"files/{DIGEST}" in path for path in s3.uploads()) == 1
    assert sum(f"files/{DIGEST}" in path and method == "GET" for method, path in s3.requests) <= _PARTS


_PARTS = len(CONTENT) // (4 * 1024 * 1024) + 1


def test_content_that_was_damaged_in_the_store_never_arrives(s3: ObjectStore, original: Path, tmp_path: Path) -> None:
    address = f"s3://{BUCKET}/names"
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    s3.client().put_object(Bucket=BUCKET, Key=f"names/files/{DIGEST}", Body=CONTENT[:-1] + b"?")
    two = machine(tmp_path, "two", address)
    with pytest.raises(PipelineError, match=DIGEST) as caught:
        bring_recorded(two, ["run-1"], LOG)
    assert caught.value.code is ErrorCode.STORE_DAMAGED
    assert [path for path in two.downloads.rglob("*") if path.is_file()] == []


def test_an_upload_that_was_cut_short_is_made_whole_by_the_next(
    s3: ObjectStore, original: Path, tmp_path: Path
) -> None:
    settings = machine(tmp_path, "one", f"s3://{BUCKET}/names")
    s3.client().put_object(Bucket=BUCKET, Key=f"names/files/{DIGEST}", Body=CONTENT[:1000])
    keep_copy(settings, "run-1", recorded(original))
    bring_latest(machine(tmp_path, "two", f"s3://{BUCKET}/names"), LOG)
    assert (tmp_path / "two" / "downloads" / "names.csv").read_bytes() == CONTENT


def test_a_file_that_changed_since_it_was_recorded_is_not_kept_as_the_recorded_one(
    address: str, original: Path, tmp_path: Path
) -> None:
    settings, record = machine(tmp_path, "one", address), recorded(original)
    original.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(PipelineError, match=r"names\.csv has changed") as caught:
        keep_copy(settings, "run-1", record)
    assert caught.value.code is ErrorCode.FILE_CHANGED
    original.write_bytes(CONTENT)
    keep_copy(settings, "run-1", record)
    bring_latest(machine(tmp_path, "two", address), LOG)
    assert (tmp_path / "two" / "downloads" / "names.csv").read_bytes() == CONTENT


def test_two_who_put_the_same_file_at_once_leave_one_whole_copy(address: str, original: Path, tmp_path: Path) -> None:
    settings, record = machine(tmp_path, "one", address), recorded(original)
    together = Barrier(2)

    def put(run: str) -> None:
        together.wait()
        keep_copy(settings, run, record)

    with ThreadPoolExecutor(2) as writers:
        list(writers.map(put, ["run-1", "run-2"]))
    for run in ("run-1", "run-2"):
        two = machine(tmp_path, f"two {run}", address)
        bring_recorded(two, [run], LOG)
        found = read_record(two.downloads, [run])
        assert found is not None
        assert Path(found.path).read_bytes() == CONTENT
    if "://" not in address:
        assert [path.name for path in Path(address, "files").iterdir()] == [DIGEST]


def test_a_file_that_was_cleared_away_is_named(s3: ObjectStore, original: Path, tmp_path: Path) -> None:
    address = f"s3://{BUCKET}/names"
    keep_copy(machine(tmp_path, "one", address), "run-1", recorded(original))
    s3.client().delete_object(Bucket=BUCKET, Key=f"names/files/{DIGEST}")
    with pytest.raises(PipelineError, match=f"files/{DIGEST} is not there") as caught:
        bring_recorded(machine(tmp_path, "two", address), ["run-1"], LOG)
    assert caught.value.code is ErrorCode.STORE_DAMAGED


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", ErrorCode.STORE_REFUSED),
        (403, "InvalidAccessKeyId", ErrorCode.STORE_REFUSED),
        (503, "SlowDown", ErrorCode.STORE_UNREACHABLE),
        (500, "InternalError", ErrorCode.STORE_UNREACHABLE),
    ],
)
def test_a_refused_upload_says_whether_a_retry_helps(  # noqa: PLR0913, PLR0917 - two fixtures, the folder, three values
    s3: ObjectStore, original: Path, tmp_path: Path, status: int, code: str, expected: ErrorCode
) -> None:
    s3.fault = lambda method, _: refusal(status, code) if method in {"POST", "PUT"} else None
    with pytest.raises(PipelineError, match="DATASET_STORE=s3://") as caught:
        keep_copy(machine(tmp_path, "one", f"s3://{BUCKET}/names"), "run-1", recorded(original))
    assert caught.value.code is expected
    assert "not a secret" not in str(caught.value)
    assert not any("/files/" in key for key in s3.objects())


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_named(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no-such-bucket") as caught:
        keep_copy(machine(tmp_path, "one", "s3://no-such-bucket/names"), "run-1", recorded(original))
    assert caught.value.code is ErrorCode.STORE_REFUSED


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_store_that_does_not_answer_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    address = f"{scheme}://{BUCKET}/names"
    if scheme == "gs":
        address = f"gs://anonymous@{BUCKET}/names?endpoint_override=127.0.0.1:9&scheme=http&retry_limit_seconds=1"
    with pytest.raises(PipelineError) as caught:
        DatasetStore(address).find(["run-1"])
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.STORE_UNREACHABLE, True)


def test_a_folder_that_is_not_mounted_is_not_made(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no such folder") as caught:
        keep_copy(machine(tmp_path, "one", str(tmp_path / "mnt")), "run-1", recorded(original))
    assert caught.value.code is ErrorCode.STORE_UNREACHABLE
    assert not (tmp_path / "mnt").exists()


def test_only_the_last_fetched_files_are_kept(address: str, tmp_path: Path) -> None:
    two = machine(tmp_path, "two", address)
    for number in range(5):
        path = tmp_path / f"{number}.csv"
        path.write_text(str(number))
        keep_copy(machine(tmp_path, "one", address), f"run-{number}", recorded(path))
        bring_recorded(two, [f"run-{number}"], LOG)
    assert {path.read_text() for path in (two.downloads / FETCHED).rglob("*.csv")} == {"2", "3", "4"}


@pytest.mark.parametrize("value", ["ftp://host/x", "s3://", "s3://key:secret@bucket/x", "https://bucket.s3.aws/x"])
def test_an_address_that_cannot_be_a_store_is_refused(value: str) -> None:
    with pytest.raises(PipelineError, match="DATASET_STORE") as caught:
        FileSettings.of({"DATASET_STORE": value})
    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert "secret@" not in str(caught.value)


def _other(tmp_path: Path) -> Path:
    path = tmp_path / "older.csv"
    path.write_text("Name,Sex\nAnna,F\n")
    return path
