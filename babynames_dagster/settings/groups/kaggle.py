"""Settings of Kaggle: account, dataset, and the way to its file."""

from typing import Literal

from pydantic import Field, SecretStr

from babynames_dagster.settings.groups.group import Group
from babynames_dagster.settings.types import (
    AnyCase,
    DatasetName,
    FileName,
    JsonSelectors,
    Token,
    UserPath,
    WebAddress,
)


class KaggleSettings(Group):
    """Where the dataset comes from, and as whom."""

    email: str | None = Field(None, validation_alias="KAGGLE_EMAIL", description="Kaggle login, for the browser way")
    password: SecretStr | None = Field(
        None, validation_alias="KAGGLE_PASSWORD", description="Kaggle password, for the browser way"
    )
    base_url: WebAddress = Field(
        "https://www.kaggle.com", validation_alias="KAGGLE_BASE_URL", description="Kaggle's address"
    )
    dataset: DatasetName = Field(
        "thedevastator/us-baby-names-by-year-of-birth",
        validation_alias="KAGGLE_DATASET",
        description="Dataset, as `owner/name` or by its address",
    )
    file: FileName = Field("babyNamesUSYOB-full.csv", validation_alias="KAGGLE_FILE", description="File of the dataset")
    headless: bool = Field(
        default=True, validation_alias="KAGGLE_HEADLESS", description="`false` opens a window, to sign in by hand"
    )
    method: AnyCase[Literal["browser", "api", "auto"]] = Field(
        "browser",
        validation_alias="KAGGLE_METHOD",
        description="`browser`, `api` (REST), or `auto`: REST when the browser way is blocked",
    )
    username: str | None = Field(
        None, validation_alias="KAGGLE_USERNAME", description="Kaggle user name, for the REST way"
    )
    key: Token | None = Field(
        None, validation_alias="KAGGLE_KEY", description="Kaggle API key or KGAT token, for the REST way"
    )
    api_token: Token | None = Field(
        None,
        validation_alias="KAGGLE_API_TOKEN",
        description="Kaggle access token, or a file that holds it, for the REST way; wins over KAGGLE_KEY",
    )
    config_dir: UserPath | None = Field(
        None,
        validation_alias="KAGGLE_CONFIG_DIR",
        description="Folder of `access_token` and `kaggle.json`, looked at for the REST way (`~/.kaggle`)",
    )
    max_age_days: float | None = Field(
        None, validation_alias="KAGGLE_MAX_AGE_DAYS", gt=0, description="Older files count as missing"
    )
    timeout: float = Field(
        60.0,
        validation_alias="KAGGLE_TIMEOUT",
        gt=0,
        description="Seconds to wait for a page, or for a stalled download",
    )
    locators: JsonSelectors = Field(
        default_factory=dict,
        validation_alias="KAGGLE_LOCATORS",
        description="Selectors to try first, as JSON (see kaggle/browser/locators.py)",
    )
    chromium_path: UserPath | None = Field(
        None, validation_alias="CHROMIUM_PATH", description="Browser to drive, where none is found by itself"
    )
