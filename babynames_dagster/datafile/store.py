"""The dataset's files where every machine finds them: in S3, Google Cloud Storage, or a shared folder.

What belongs here: putting a file there under its SHA-256, which one each run settled on, and getting it back. What
does not: credentials (the provider's own chain finds them), and what is in a file.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from pyarrow import ArrowException, NativeFile
from pyarrow.fs import FileSystem, FileType, LocalFileSystem

from babynames_dagster.common.file_errors import read_error, write_error
from babynames_dagster.datafile.record import LATEST, FileRecord, read_run_record, write_record
from babynames_dagster.datafile.workspace import download_workspace, hand_over, promote
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import FileSettings

FETCHED = ".fetched"
_FETCHED_KEPT = 3
_CHUNK = 4 * 1024 * 1024
_REFUSED = ("ACCESS_DENIED", "NO_SUCH_BUCKET", "INVALID_ACCESS_KEY", "SIGNATURE_DOES_NOT_MATCH", "PERMISSION_DENIED")
_GCS_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class StoredCopy:
    """A file in the store.

    Attributes:
        name: Its name in the download folder that it came from.
        sha256: What it holds.
        size: Bytes.
        modified_ns: When it was last written before it was put there, in ns since the epoch.
    """

    name: str
    sha256: str
    size: int
    modified_ns: int


class DatasetStore:
    """The folder or bucket of DATASET_STORE.

    `files/<SHA-256>` are the files, `runs/<run id>.json` and `runs/latest.json` say which one a run settled on.
    """

    def __init__(self, address: str) -> None:
        """Name the store; the network is asked by the methods.

        Args:
            address: `s3://bucket/prefix`, `gs://bucket/prefix`, or a folder.

        Raises:
            PipelineError: STORE_REFUSED where the address can't be one.
        """
        self._shown = address.partition("?")[0]
        with self._failures():
            self._system, self._root = FileSystem.from_uri(_uri(address))
        self._is_local = isinstance(self._system, LocalFileSystem)

    def put(self, run_id: str, record: FileRecord) -> None:
        """Keep a file, and that a run settled on it.

        A file that is there already is not sent again. Arrow has no conditional put (S3's `If-None-Match`), and none is
        needed: two writers at once send the same bytes under the same key, each of them verified. Only a finished
        object is ever seen, so it does not matter whose is kept.

        Raises:
            PipelineError: STORE_UNREACHABLE, STORE_REFUSED, FILE_NOT_FOUND, FILE_NOT_READABLE, or FILE_CHANGED where
                the file is no longer what the record says.
        """
        self._require_folder()
        path = Path(record.path)
        copy = StoredCopy(path.name, record.sha256, record.size, record.modified_ns)
        key = self._file_key(record.sha256)
        with self._failures():
            found = self._system.get_file_info(key)
            if found.type is not FileType.File or found.size != copy.size:
                self._write(key, _chunks_of(path, record.sha256))
            text = json.dumps(asdict(copy)).encode()
            for name in (run_id, LATEST):
                self._write(self._run_key(name), [text])

    def find(self, run_ids: Sequence[str]) -> StoredCopy | None:
        """Return what the first of these runs settled on that has a record, else the latest; None without any.

        Raises:
            PipelineError: STORE_UNREACHABLE, STORE_REFUSED, or STORE_DAMAGED for a record that can't be read.
        """
        self._require_folder()
        for name in (*run_ids, LATEST):
            key = self._run_key(name)
            with self._failures():
                if self._system.get_file_info(key).type is not FileType.File:
                    continue
                with self._system.open_input_stream(key) as stream:
                    text = stream.read()
            try:
                return StoredCopy(**json.loads(text))
            except (ValueError, TypeError) as error:
                raise self._damaged(key, "is no record of a file") from error
        return None

    def get(self, copy: StoredCopy, final: Path) -> Path:
        """Bring a file here, under its final name once it has proved to be whole.

        Args:
            copy: Which.
            final: Where to; its folder is made where it is missing.

        Raises:
            PipelineError: STORE_UNREACHABLE, STORE_REFUSED, STORE_DAMAGED, FILE_NOT_WRITABLE or DISK_FULL.
        """
        key = self._file_key(copy.sha256)
        digest = hashlib.sha256()
        with download_workspace(final.parent) as workspace:
            arriving = workspace / "arriving"
            with self._failures():
                if self._system.get_file_info(key).type is not FileType.File:
                    raise self._damaged(key, "is not there")
                source = self._system.open_input_stream(key)
            try:
                with source, arriving.open("wb") as target:
                    for chunk in self._chunks(source):
                        digest.update(chunk)
                        target.write(chunk)
                os.utime(arriving, ns=(copy.modified_ns, copy.modified_ns))
            except OSError as error:
                raise write_error(error, final.parent) from error
            if digest.hexdigest() != copy.sha256:
                raise self._damaged(key, f"has SHA-256 {digest.hexdigest()}")
            waiting = hand_over(arriving, final.parent)
        return promote(waiting, final)

    def _chunks(self, source: NativeFile) -> Iterator[bytes]:
        while True:
            with self._failures():
                chunk = source.read(_CHUNK)
            if not chunk:
                return
            yield chunk

    def _write(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write an object that is seen whole or not at all."""
        place = f"{key}.{uuid4().hex}.part" if self._is_local else key
        if self._is_local:
            self._system.create_dir(key.rpartition("/")[0])
        stream = self._system.open_output_stream(place)
        try:
            for chunk in chunks:
                stream.write(chunk)
            stream.close()
        except BaseException:
            # Arrow finishes an upload when its stream goes away; what was sent of it is not the file.
            with suppress(OSError, ArrowException):
                stream.close()
                self._system.delete_file(place)
            raise
        if place != key:
            self._system.move(place, key)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what Arrow raises into a PipelineError; its text names operation and object, and no credentials."""
        try:
            yield
        except (OSError, ArrowException) as error:
            text = " ".join(str(error).split())[:500]
            refused = isinstance(error, PermissionError | ArrowException) or any(word in text for word in _REFUSED)
            code = ErrorCode.STORE_REFUSED if refused else ErrorCode.STORE_UNREACHABLE
            raise PipelineError(code, f"DATASET_STORE={self._shown}: {text}.") from error

    def _damaged(self, key: str, what: str) -> PipelineError:
        return PipelineError(ErrorCode.STORE_DAMAGED, f"DATASET_STORE={self._shown}: {key} {what}.")

    def _require_folder(self) -> None:
        if self._is_local and not Path(self._root).is_dir():
            raise PipelineError(
                ErrorCode.STORE_UNREACHABLE,
                f"DATASET_STORE={self._shown}: there is no such folder.",
                remedy="Mount it, or make it.",
            )

    def _file_key(self, sha256: str) -> str:
        return f"{self._root}/files/{sha256}"

    def _run_key(self, run_id: str) -> str:
        return f"{self._root}/runs/{run_id}.json"


def keep_copy(settings: FileSettings, run_id: str, record: FileRecord) -> None:
    """Put the file that a run settled on into the store, where there is one.

    Raises:
        PipelineError: As `DatasetStore.put`.
    """
    if settings.dataset_store is not None:
        DatasetStore(settings.dataset_store).put(run_id, record)


def bring_recorded(settings: FileSettings, run_ids: Sequence[str], log: logging.Logger) -> None:
    """See to it that the file which a run settled on is here and on record, though it was another machine's run.

    It is kept apart from what people and downloads put into the folder, so that it replaces none of that.

    Args:
        settings: DATASET_STORE and the download folder.
        run_ids: The run, and those that it repeats.
        log: Gets a line for what is fetched.

    Raises:
        PipelineError: As `DatasetStore.find` and `DatasetStore.get`.
    """
    folder = settings.downloads
    own = [record for record in (read_run_record(folder, run_id) for run_id in run_ids) if record is not None]
    if settings.dataset_store is None or (own and Path(own[0].path).is_file()):
        return
    store = DatasetStore(settings.dataset_store)
    copy = store.find(run_ids)
    if copy is None:
        return
    latest = read_run_record(folder, LATEST)
    if latest is not None and latest.sha256 == copy.sha256 and Path(latest.path).is_file():
        write_record(folder, run_ids[0], latest)
        return
    final = folder / FETCHED / copy.sha256 / copy.name
    if not final.is_file():
        log.info("Fetching %s (SHA-256 %s) from %s.", copy.name, copy.sha256, settings.dataset_store)
        store.get(copy, final)
        _prune(folder / FETCHED)
    write_record(folder, run_ids[0], FileRecord(str(final), copy.sha256, copy.size, copy.modified_ns))


def bring_latest(settings: FileSettings, log: logging.Logger) -> None:
    """Put the latest stored file into the download folder, where that has none of its name.

    Args:
        settings: DATASET_STORE and the download folder.
        log: Gets a line for what is fetched.

    Raises:
        PipelineError: As `DatasetStore.find` and `DatasetStore.get`.
    """
    if settings.dataset_store is None:
        return
    store = DatasetStore(settings.dataset_store)
    copy = store.find(())
    if copy is not None and not (settings.downloads / copy.name).exists():
        log.info("Fetching %s (SHA-256 %s) from %s.", copy.name, copy.sha256, settings.dataset_store)
        store.get(copy, settings.downloads / copy.name)


def _chunks_of(path: Path, sha256: str) -> Iterator[bytes]:
    """Yield what a file holds, and raise at its end where that is something else than was recorded."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                yield chunk
    except OSError as error:
        raise read_error(error, path) from error
    if digest.hexdigest() != sha256:
        raise PipelineError(
            ErrorCode.FILE_CHANGED, f"{path} has changed since it was recorded: SHA-256 {digest.hexdigest()}."
        )


def _prune(folder: Path) -> None:
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_ctime, reverse=True)
    for path in by_age[_FETCHED_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def _uri(address: str) -> str:
    if "://" not in address:
        return str(Path(address).expanduser().resolve())
    if address.startswith("gs://") and "retry_limit_seconds" not in address:  # Google's client tries for 15 minutes
        return f"{address}{'&' if '?' in address else '?'}retry_limit_seconds={_GCS_PATIENCE_SECONDS}"
    return address
