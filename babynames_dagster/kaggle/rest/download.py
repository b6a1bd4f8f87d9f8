"""The REST way to the file: `GET /api/v1/datasets/download/...`, redirected to signed storage.

What belongs here: asking, following, writing, resuming. What does not: what answers mean (`answers.py`).
Addresses of the storage carry signatures: they are in no message.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from babynames_dagster.common.file_errors import write_error
from babynames_dagster.common.log.masking import Mask
from babynames_dagster.common.progress import Progress, ProgressListener
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.rest.answers import Body, body_of, refusal
from babynames_dagster.kaggle.rest.credentials import find_credentials
from babynames_dagster.settings import FetchSettings
from babynames_dagster.settings.sandbox_file import NOTHING_SERVES, remedy_of_refused

_MOST_REDIRECTS = 5
_HASHED_BLOCK = 1 << 20
_RECEIVED_BLOCK = 1 << 14  # small, because the one under way is lost when the connection is
_LONGEST_ERROR = 65_536


class _Anonymous(AuthBase):
    """No credentials, not even those of ~/.netrc, which requests would add by itself."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class RestDownload:
    """One file's download, which may take several tries.

    Attributes:
        resumed: Whether a later try resumed where an earlier one broke off.
        account: Where the credentials come from; None without any.
    """

    def __init__(self, settings: FetchSettings, target: Path) -> None:
        """Prepare the download; nothing is asked yet.

        Args:
            settings: Address, dataset, credentials, timeout.
            target: The file to write.

        Raises:
            PipelineError: As `find_credentials`.
        """
        self.resumed = False
        self._settings = settings
        self._target = target
        self._etag: str | None = None
        found = find_credentials(settings.kaggle)
        self.account = found.source if found else None
        self._credentials = found.auth() if found else None

    def start_over(self) -> None:
        """Forget what arrived so far."""
        self._target.unlink(missing_ok=True)
        self._etag = None
        self.resumed = False

    def go_on(self, on_progress: ProgressListener) -> Path:
        """Download the file, or what is missing of it.

        Args:
            on_progress: Called with how far it is, in bytes.

        Returns:
            The whole file, its length and MD5 checked where they are known.

        Raises:
            PipelineError: What Kaggle answered, KAGGLE_UNREACHABLE, KAGGLE_DOWNLOAD_STALLED,
                KAGGLE_DOWNLOAD_TRUNCATED, KAGGLE_CHECKSUM_MISMATCH, FILE_NOT_WRITABLE or DISK_FULL.
        """
        have = self._target.stat().st_size if self._target.exists() else 0
        with self._ask(have) as answer:
            body = body_of(answer.status_code, answer.headers, have=have)
            if body is not None:
                self._receive(answer, body, on_progress)
                return self._target
            if not have:
                raise PipelineError(ErrorCode.KAGGLE_SITE_ERROR, f"Kaggle's storage answers {answer.status_code}.")
        self.start_over()
        return self.go_on(on_progress)

    def probe(self) -> int | None:
        """Ask for the file and hang up before it comes.

        Returns:
            Its size in bytes, where Kaggle says.

        Raises:
            PipelineError: What Kaggle answered, or KAGGLE_UNREACHABLE.
        """
        with self._ask(0) as answer:
            body = body_of(answer.status_code, answer.headers, have=0)
            return body.total if body else None

    @contextmanager
    def _ask(self, have: int) -> Iterator[requests.Response]:
        """Ask from byte `have` on, follow redirects, and raise what is refused."""
        base = self._settings.kaggle.base_url
        owner_and_slug = quote(self._settings.kaggle.dataset)
        address = f"{base}/api/v1/datasets/download/{owner_and_slug}/{quote(self._settings.kaggle.file)}"
        headers = {"Accept-Encoding": "identity"}  # or length and MD5 would be those of something else
        if have:
            headers["Range"] = f"bytes={have}-"
            if self._etag:
                headers["If-Range"] = self._etag
        for _ in range(_MOST_REDIRECTS):
            # A call of its own each: a session would carry cookies along, too.
            credentials_here = self._credentials if _origin(address) == _origin(base) else None
            answer = self._get(address, headers, credentials_here)
            with answer:
                if not answer.is_redirect:
                    _raise_refusal(answer, Mask(self._settings.secrets()), anonymous=self._credentials is None)
                    yield answer
                    return
                address = urljoin(address, answer.headers["Location"])
        raise PipelineError(ErrorCode.KAGGLE_SITE_ERROR, "Kaggle's API redirects in circles.")

    def _get(self, address: str, headers: dict[str, str], auth: AuthBase | None) -> requests.Response:
        remedy = None
        try:
            return requests.get(
                address,
                headers=headers,
                auth=auth or _Anonymous(),
                stream=True,
                allow_redirects=False,
                timeout=self._settings.kaggle.timeout,
            )
        except requests.RequestException as error:
            code, what = ErrorCode.KAGGLE_UNREACHABLE, f"does not answer ({type(error).__name__})"
            if "Connection refused" in str(error):
                base_url = self._settings.kaggle.base_url
                remedy = remedy_of_refused(base_url, "KAGGLE_BASE_URL", self._settings.kaggle.env_file)
                what = f"does not answer: {NOTHING_SERVES.format(base_url)}" if remedy else what
        except ValueError:  # requests looks at the redirect by itself; its text quotes the signature
            code, what = ErrorCode.KAGGLE_SITE_ERROR, "redirects to what is no address"
        raise PipelineError(code, f"{urlsplit(address).netloc} {what}.", remedy=remedy)

    def _receive(self, answer: requests.Response, body: Body, on_progress: ProgressListener) -> None:
        self.resumed = body.start > 0
        self._etag = body.etag
        done = body.start
        on_progress(Progress("download", done, body.total, "bytes"))
        try:
            with self._target.open("ab" if body.start else "wb") as stream:
                for block in answer.iter_content(_RECEIVED_BLOCK):
                    stream.write(block)
                    done += len(block)
                    on_progress(Progress("download", done, body.total, "bytes"))
        except requests.ConnectionError:  # what requests makes of a read timeout under way
            code, how = ErrorCode.KAGGLE_DOWNLOAD_STALLED, f"stands at {done:,} bytes"
        except requests.RequestException:
            code, how = ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED, f"broke off at {done:,} bytes"
        except OSError as error:
            raise write_error(error, self._target.parent.parent) from None
        else:
            self._check(done, body)
            return
        raise PipelineError(code, f"The download {how}.")

    def _check(self, done: int, body: Body) -> None:
        if body.total is not None and done < body.total:
            raise PipelineError(
                ErrorCode.KAGGLE_DOWNLOAD_TRUNCATED, f"The download ended at {done:,} of {body.total:,} bytes."
            )
        if body.md5 is not None and _md5_of(self._target) != body.md5:
            self.start_over()
            raise PipelineError(ErrorCode.KAGGLE_CHECKSUM_MISMATCH, "The download's MD5 is not the one Kaggle gave.")


def _raise_refusal(answer: requests.Response, mask: Mask, *, anonymous: bool) -> None:
    if answer.ok:
        return
    try:
        text = next(answer.iter_content(_LONGEST_ERROR), b"").decode("utf-8", "replace")
    except requests.RequestException:
        text = ""
    error = refusal(answer.status_code, answer.headers, mask(text), anonymous=anonymous)
    if error is not None:
        raise error


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def _md5_of(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_HASHED_BLOCK):
            digest.update(block)
    return digest.hexdigest()
