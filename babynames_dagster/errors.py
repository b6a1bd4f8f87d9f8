"""Every error this project can report: its code, whether a retry can help, and what to do.

What belongs here: the table of codes and the one exception that carries them. What does not: how an
error is found out (that is its domain's business) or shown (that is the shell's).
"""

from enum import Enum

from typing_extensions import Self

from babynames_dagster.common.paths import without_stray_bytes


class ErrorCode(Enum):
    """One kind of failure: `name` is the code a user sees.

    Attributes:
        retryable: Whether the same step may succeed later without anybody changing anything.
        remedy: What a person does about it, unless the place that raises knows better.
    """

    retryable: bool
    remedy: str

    MISSING_CONFIG = (False, "Set the named variables in the environment or in .env.")
    INVALID_CONFIG = (False, "Correct the named variables in the environment or in .env.")

    FILE_NOT_FOUND = (False, "Materialize raw_zip, or put the dataset's zip or CSV into DOWNLOAD_DIR.")
    FILE_NOT_WRITABLE = (
        False,
        "Make the folder writable for this user, or name another one in the settings.",
    )
    FILE_NOT_READABLE = (False, "Make the file readable for this user.")
    FILE_CHANGED = (False, "Materialize raw_zip again, so that the file's identity is recorded again.")
    STORE_UNREACHABLE = (True, "Check the network, and the address in DATASET_STORE; then run again.")
    STORE_REFUSED = (False, "Correct the bucket in DATASET_STORE, the credentials of its provider, or their rights.")
    STORE_DAMAGED = (
        False,
        "Delete the named object, then materialize raw_zip where the file is, or with force_download.",
    )
    DISK_FULL = (False, "Free some space on that disk, then run again: it resumes where it stopped.")
    FILE_NOT_CSV = (False, "Export its table as CSV, and put that into DOWNLOAD_DIR.")
    ZIP_INVALID = (False, "Put a sound copy in its place, or fetch it again with force_download: true.")
    ZIP_TRUNCATED = (False, "Put a whole copy in its place, or fetch it again with force_download: true.")
    ZIP_CRC_ERROR = (False, "Put an undamaged copy in its place, or fetch it again with force_download: true.")
    ZIP_UNSUPPORTED = (False, "Unpack it with another tool, and put the CSV itself into DOWNLOAD_DIR.")
    ZIP_ENCRYPTED = (False, "Unpack it with its password and put the CSV itself into DOWNLOAD_DIR.")
    ZIP_TOO_LARGE = (False, "If the file is trusted, raise MAX_UNCOMPRESSED_BYTES.")
    CSV_NOT_IN_ZIP = (False, "Name the file inside the zip in KAGGLE_FILE.")
    CSV_EMPTY = (False, "Fetch the file again, or check what its publisher put there.")
    CSV_COLUMN_MISSING = (False, "Check that this is the right file, and CSV_DELIMITER if it is.")
    CSV_ENCODING_ERROR = (False, "Name the file's encoding in CSV_ENCODING, for example latin-1.")
    CSV_MALFORMED = (False, "Correct the file at the named line, or fetch it again.")
    TOO_MANY_REJECTS = (
        False,
        "Look at the reasons (babynames rejects, for a demo with --demo); raise REJECT_LIMIT if they are fine.",
    )

    DB_UNREACHABLE = (True, "Start the database server, or correct DB_HOST and DB_PORT (or DATABASE_URL).")
    DB_TLS_ERROR = (
        False,
        "Name the CA of the server's certificate in DB_SSL_CA, and the host as the certificate does in DB_HOST.",
    )
    DB_AUTH_ERROR = (False, "Correct DB_USER and DB_PASSWORD (or DATABASE_URL).")
    DB_NOT_FOUND = (
        False,
        "Create the database (CREATE DATABASE ... CHARACTER SET utf8mb4), or correct DB_NAME.",
    )
    DB_READ_ONLY = (False, "Name the server that takes writes, not a replica of it, in DB_HOST (or DATABASE_URL).")
    DB_PERMISSION_DENIED = (False, "Grant the database user the named right, or correct DB_NAME.")
    DB_SCHEMA_OUTDATED = (False, "Run `babynames migrate`, or set DB_AUTO_MIGRATE=true.")
    DB_SCHEMA_UNKNOWN = (False, "The database was migrated by a newer version of this project: update it.")
    DB_TABLE_FOREIGN = (
        False,
        "Name another database in DB_NAME; `babynames migrate --adopt` takes over the names of a baby_names table.",
    )
    DB_BUSY = (True, "Other processes are at the same rows, or at all connections: run again when they are done.")
    DB_LOCK_TIMEOUT = (
        True,
        "End the transaction that holds the lock (SHOW PROCESSLIST names it), or raise DB_TIMEOUT; then run again.",
    )
    DB_CONNECTION_LOST = (
        True,
        "Run again once the server answers: it resumes after the last committed batch.",
    )
    DB_ERROR = (False, "Read the server's message; DATABASE_URL names the server.")
    SOURCE_INVALID = (False, "Correct the asset's table or query, or the columns that it names.")
    NAMES_NOT_LOADED = (False, "Materialize baby_names_table first, with the same file.")
    YEARS_NOT_LOADED = (False, "Materialize baby_name_years first, or unset MIN_YEAR and MAX_YEAR.")

    KAGGLE_AUTH_ERROR = (False, "Correct KAGGLE_EMAIL and KAGGLE_PASSWORD, or run `babynames login`.")
    KAGGLE_TWO_FACTOR = (False, "Run `babynames login` once and enter the second factor by hand.")
    KAGGLE_BOT_CHECK = (
        False,
        "Run `babynames login` once and pass the check by hand, or set KAGGLE_METHOD=api.",
    )
    KAGGLE_FORBIDDEN = (
        False,
        "Accept the dataset's terms on its page, or set KAGGLE_USERNAME and KAGGLE_KEY.",
    )
    KAGGLE_NOT_FOUND = (False, "Correct KAGGLE_DATASET and KAGGLE_FILE.")
    KAGGLE_RATE_LIMITED = (True, "Wait a while, then run again.")
    KAGGLE_SITE_ERROR = (True, "Kaggle answers with an error page: run again later.")
    KAGGLE_UNREACHABLE = (True, "Check the network, the proxy and KAGGLE_BASE_URL.")
    KAGGLE_LAYOUT_UNKNOWN = (
        False,
        "The page has changed: see the screenshot, extend the locators, or set KAGGLE_METHOD=api.",
    )
    KAGGLE_DOWNLOAD_NOT_STARTED = (True, "Run again; if it stays, set KAGGLE_METHOD=api.")
    KAGGLE_DOWNLOAD_STALLED = (True, "Run again when the network is better.")
    KAGGLE_DOWNLOAD_TRUNCATED = (True, "Run again: the download ended short.")
    KAGGLE_CHECKSUM_MISMATCH = (True, "Run again: what arrived is not what was sent.")
    BROWSER_FAILED = (True, "Run again; if it stays, name another browser in CHROMIUM_PATH or set KAGGLE_METHOD=api.")
    BROWSER_MISSING = (False, "Install one: `make browser`, or set CHROMIUM_PATH, or KAGGLE_METHOD=api.")

    HUBSPOT_AUTH_ERROR = (False, "Put a valid token of a service key or private app into HUBSPOT_ACCESS_TOKEN.")
    HUBSPOT_MISSING_SCOPES = (False, "Give the service key or private app of HUBSPOT_ACCESS_TOKEN the named scopes.")
    HUBSPOT_NOT_ALLOWED = (
        False,
        "Correct in HubSpot what the message names: a permission of the user, the account's plan, its payment.",
    )
    HUBSPOT_VERSION_GONE = (False, "Set HUBSPOT_API_VERSION to a version that HubSpot serves, such as 2026-03.")
    HUBSPOT_NOT_FOUND = (False, "Check HUBSPOT_BASE_URL and HUBSPOT_API_VERSION: HubSpot has no such address.")
    HUBSPOT_PROPERTY_ERROR = (False, "Create the property or option in HubSpot, or change the mapping.")
    HUBSPOT_GUARD = (
        False,
        "Look at what it is; if it is meant, run again with --override-guards, or set the named variable.",
    )
    PLAN_INVALID = (False, "Make it again: `babynames plan --out FILE`.")
    PLAN_OF_ANOTHER_PORTAL = (False, "Apply it with the token of the account that it was made for, or make another.")
    HUBSPOT_DAILY_LIMIT = (False, "Run again after the named time: what was done is kept.")
    HUBSPOT_RATE_LIMITED = (True, "Run again after the named time, or raise HUBSPOT_WAIT: what was done is kept.")
    HUBSPOT_MIGRATING = (False, "HubSpot moves this account: run again after the named time.")
    HUBSPOT_UNREACHABLE = (True, "Check the network, the proxy and HUBSPOT_BASE_URL.")
    HUBSPOT_ERROR = (True, "Run again; if it stays, ask HubSpot with the correlation id.")
    HUBSPOT_ROWS_FAILED = (True, "Run again: only the failed rows are sent.")
    HUBSPOT_BUSY = (True, "Wait until the named run has ended, or stop it; then run again.")

    INTERRUPTED = (
        True,
        "Run again: it resumes where it stopped. Dagster itself repeats a run whose server was stopped.",
    )
    TAKEN_OVER = (
        True,
        "See that no other run does the same, and that the database answers; then run again: it resumes.",
    )
    RUN_LOST = (
        True,
        "Look for what ended its process: too little memory, or a restart. Then run again: it resumes.",
    )
    RUN_NOT_LAUNCHED = (True, "Start the webserver, or name its address in DAGSTER_UI_URL or --ui; then run again.")
    CHECK_FAILED = (False, "Look at the metadata of the named checks, in the run or on the asset's page.")
    UNEXPECTED = (False, "Please report this with the log of LOG_DIR.")

    def __new__(cls, retryable: bool, remedy: str) -> Self:  # noqa: FBT001 - the table above reads best so
        """Give each member its attributes; the member's own value is its ordinal."""
        member = object.__new__(cls)
        member._value_ = len(cls.__members__) + 1
        member.retryable = retryable
        member.remedy = remedy
        return member


class PipelineError(Exception):
    """What went wrong, where, and what to do: the only exception that leaves the domain.

    Attributes:
        code: Which kind of failure this is.
        what: One or two sentences: what happened, and where. Never a secret.
        remedy: What a person does about it.
        retryable: Whether the same step may succeed later without a change.
    """

    def __init__(
        self,
        code: ErrorCode,
        what: str,
        *,
        remedy: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        """Build the error; `remedy` and `retryable` default to what the code says."""
        self.code = code
        self.what = without_stray_bytes(what.strip())
        self.remedy = remedy or code.remedy
        self.retryable = code.retryable if retryable is None else retryable
        super().__init__(f"[{code.name}] {self.what}\n  What to do: {self.remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the error whole when it crosses a process boundary."""
        return _rebuild, (self.code, self.what, self.remedy, self.retryable)


def _rebuild(code: ErrorCode, what: str, remedy: str, retryable: bool) -> PipelineError:  # noqa: FBT001 - pickle's call
    return PipelineError(code, what, remedy=remedy, retryable=retryable)
