"""`raw_zip`: the dataset's file is in the download folder, sound and known by its SHA-256."""

import time

import dagster as dg
from pydantic import Field

from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.kaggle.obtained import Obtained
from babynames_dagster.orchestration.assets.partitions import GROUP
from babynames_dagster.orchestration.resources.kaggle import KaggleResource
from babynames_dagster.orchestration.resources.reporting import progress_events


class FetchConfig(dg.Config):
    """What a run may ask of `raw_zip`."""

    path: str | None = Field(
        default=None,
        description="Another zip or CSV to use instead of the dataset's own: path or file:// address.",
    )
    sha256: str | None = Field(default=None, description="Refuse the file if it holds anything else.")
    force_download: bool = Field(default=False, description="Fetch again what is there already.")


@dg.asset(
    group_name=GROUP,
    kinds={"playwright", "kaggle"},
    code_version="1",
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="file_io_manager",
)
def raw_zip(context: dg.AssetExecutionContext, config: FetchConfig, kaggle: KaggleResource) -> Obtained:
    """The dataset's zip, as Kaggle publishes it.

    A sound file that is in the download folder already is used as it is; else Chromium signs in to Kaggle and
    downloads it. A half download never has the final name.
    """
    with kaggle.files.failures(context.log):
        began = time.monotonic()
        obtained = kaggle.obtain(
            path=config.path,
            force=config.force_download,
            on_progress=progress_events(context.log),
            log=context.log,
        )
        sha256 = obtained.found.sha256
        if config.sha256 and sha256 != config.sha256:
            raise PipelineError(
                ErrorCode.FILE_CHANGED,
                f"{obtained.path} has SHA-256 {sha256}, but this run is for {config.sha256}.",
                remedy="Start a run for the file as it is.",
            )
        seconds = round(time.monotonic() - began, 3)
        context.add_output_metadata({"dataset": dg.MetadataValue.url(kaggle.dataset_url), "seconds": seconds})
        return obtained
