"""Settings of files: where they are kept, and how the dataset's is read."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from babynames_dagster.common.paths import resolved
from babynames_dagster.settings.groups.group import Group
from babynames_dagster.settings.types import AnyCase, Columns, Delimiter, Encoding, LogLevel, StoreAddress, UserPath


class FileSettings(Group):
    """Folders, the log, and the CSV."""

    data_dir: UserPath = Field(
        Path("data"), validation_alias="DATA_DIR", description="Everything the pipeline keeps, unless named otherwise"
    )
    secrets_dir: UserPath | None = Field(
        None,
        validation_alias="SECRETS_DIR",
        description="Folder with one file a variable, below the environment and above `.env`",
    )
    aws_secret: str | None = Field(
        None,
        validation_alias="AWS_SECRET",
        description="Secret of AWS Secrets Manager with variables, below SECRETS_DIR and above `.env`",
    )
    download_dir: UserPath | None = Field(
        None, validation_alias="DOWNLOAD_DIR", description="Where the dataset's file is kept (`<DATA_DIR>/downloads`)"
    )
    dataset_store: StoreAddress | None = Field(
        None,
        validation_alias="DATASET_STORE",
        description="Where all machines find the file: `s3://bucket/prefix`, `gs://bucket/prefix`, or a folder",
    )
    log_dir: UserPath | None = Field(
        None, validation_alias="LOG_DIR", description="Logs and screenshots (`<DATA_DIR>/logs`)"
    )
    dagster_home: UserPath | None = Field(
        None, validation_alias="DAGSTER_HOME", description="Folder of Dagster's records (`<DATA_DIR>/dagster`)"
    )
    log_level: LogLevel = Field("INFO", validation_alias="LOG_LEVEL", description="How much is logged")
    log_format: AnyCase[Literal["text", "json"]] = Field(
        "text",
        validation_alias="LOG_FORMAT",
        description="`json`: log lines are JSON objects on stderr (`babynames`) or stdout (Dagster), too",
    )
    csv_encoding: Encoding = Field("utf-8", validation_alias="CSV_ENCODING", description="Encoding of the CSV")
    csv_delimiter: Delimiter | None = Field(
        None, validation_alias="CSV_DELIMITER", description="Field separator of the CSV, where sniffing it errs"
    )
    csv_columns: Columns | None = Field(
        None,
        validation_alias="CSV_COLUMNS",
        description="Columns of a CSV without a header, in order: `name,sex,births`; `-` for any other",
    )
    max_uncompressed_bytes: int = Field(
        20_000_000_000,
        validation_alias="MAX_UNCOMPRESSED_BYTES",
        ge=1,
        description="Most bytes a CSV inside a zip may have",
    )

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return resolved(self.data_dir)

    @property
    def downloads(self) -> Path:
        """The download folder, absolute."""
        return resolved(self.download_dir or self.data_dir / "downloads")

    @property
    def records(self) -> Path:
        """The folder of Dagster's records, absolute."""
        return resolved(self.dagster_home or self.data_dir / "dagster")

    @property
    def logs(self) -> Path:
        """The log folder, absolute."""
        return resolved(self.log_dir or self.data_dir / "logs")
