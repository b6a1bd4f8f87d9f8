"""Settings of HubSpot: the account, what a contact looks like, the pace, and which names are sent."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from babynames_dagster.settings.groups.group import Group
from babynames_dagster.settings.types import (
    AnyCase,
    ApiVersion,
    Bound,
    Domain,
    JsonTexts,
    NameList,
    Token,
    WebAddress,
)


class HubSpotSettings(Group):
    """The HubSpot account, and what it gets."""

    access_token: Token | None = Field(
        None,
        validation_alias="HUBSPOT_ACCESS_TOKEN",
        description="Token of a HubSpot service key or private app (older name: HUBSPOT_API_KEY)",
    )
    base_url: WebAddress = Field(
        "https://api.hubapi.com", validation_alias="HUBSPOT_BASE_URL", description="HubSpot's address"
    )
    api_version: ApiVersion = Field(
        "v3",
        validation_alias="HUBSPOT_API_VERSION",
        description="Version of HubSpot's API: `v3` (served until September 2027), or a dated one: `2026-03`",
    )
    email_domain: Domain = Field(
        "babynamesdemo.com", validation_alias="HUBSPOT_EMAIL_DOMAIN", description="Domain of the contacts' emails"
    )
    email_style: AnyCase[Literal["readable", "unique"]] = Field(
        "readable",
        validation_alias="HUBSPOT_EMAIL_STYLE",
        description="`readable`: `john.m@domain`; `unique`: `john-<time>-<id>@domain`",
    )
    lifecycle_stage: str = Field(
        "subscriber",
        validation_alias="HUBSPOT_LIFECYCLE_STAGE",
        description="`lifecyclestage` of the contacts; empty: not sent",
    )
    lead_status: str = Field(
        "NEW",
        validation_alias="HUBSPOT_LEAD_STATUS",
        description="`hs_lead_status` of the contacts; empty: not sent",
    )
    extra_properties: JsonTexts = Field(
        default_factory=dict,
        validation_alias="HUBSPOT_EXTRA_PROPERTIES",
        description='Constant properties to add, as JSON: `{"company": "babynames"}`',
    )
    initial_properties: NameList = Field(
        ("hs_lead_status", "lifecyclestage"),
        validation_alias="HUBSPOT_INITIAL_PROPERTIES",
        description="Properties that a contact gets once, and that are its users' own from then on; `,` between them",
    )
    write_policy: AnyCase[Literal["overwrite", "fill_empty", "create_only", "update_only"]] = Field(
        "overwrite",
        validation_alias="HUBSPOT_WRITE_POLICY",
        description="`overwrite`, `fill_empty` (only where HubSpot has no value), `create_only`, `update_only`. Each "
        "reads contacts before it updates them, all but the first read new ones, too: one more call for a hundred",
    )
    requests_per_batch: int = Field(
        100, validation_alias="HUBSPOT_REQUESTS_PER_BATCH", ge=1, le=100, description="Contacts a request"
    )
    batch_delay: int = Field(
        0, validation_alias="HUBSPOT_BATCH_DELAY", ge=0, description="Milliseconds between two requests, at least"
    )
    rate_limit: int | None = Field(
        None,
        validation_alias="HUBSPOT_RATE_LIMIT",
        ge=1,
        le=5000,
        description="Requests per 10 s; else what HubSpot says, else 100",
    )
    daily_reserve: int = Field(
        1000,
        validation_alias="HUBSPOT_DAILY_RESERVE",
        ge=0,
        description="Calls of the daily limit always left to other apps",
    )
    max_in_flight: int = Field(
        48, validation_alias="HUBSPOT_MAX_IN_FLIGHT", ge=1, le=256, description="Most requests under way at once"
    )
    timeout: float = Field(30.0, validation_alias="HUBSPOT_TIMEOUT", gt=0, description="Seconds to wait for an answer")
    wait: float = Field(
        3600.0,
        validation_alias="HUBSPOT_WAIT",
        ge=0,
        description="Seconds to wait for another run that sends the same partitions, and for HubSpot where it asks "
        "for it (Retry-After; a minute at least)",
    )
    max_creates: Bound = Field(
        "",
        validation_alias="HUBSPOT_MAX_CREATES",
        description="Most contacts that one run may create: a number or a share; empty: any",
    )
    max_updates: Bound = Field(
        "",
        validation_alias="HUBSPOT_MAX_UPDATES",
        description="Most contacts that one run may update: a number or a share; empty: any",
    )
    max_archives: Bound = Field(
        "5%",
        validation_alias="HUBSPOT_MAX_ARCHIVES",
        description="Most contacts that one run may archive: a number, a share (`5%`), or `off`",
    )
    mirror: AnyCase[Literal["off", "archive"]] = Field(
        "off",
        validation_alias="HUBSPOT_MIRROR",
        description="`archive`: contacts that this pipeline made and whose name is no longer meant are archived; "
        "`off`: they are counted",
    )
    marker_property: str | None = Field(
        None,
        validation_alias="HUBSPOT_MARKER_PROPERTY",
        description="Property of HUBSPOT_EXTRA_PROPERTIES by which `reconcile` knows contacts that this pipeline made",
    )
    demo_mode: bool = Field(
        default=False, validation_alias="DEMO_MODE", description="Send only the first MAX_RECORDS names"
    )
    max_records: int = Field(50, validation_alias="MAX_RECORDS", ge=0, description="How many names DEMO_MODE sends")
    min_year: int | None = Field(
        None,
        validation_alias="MIN_YEAR",
        ge=1000,
        le=9999,
        description="Send only names with births in or after this year",
    )
    max_year: int | None = Field(
        None,
        validation_alias="MAX_YEAR",
        ge=1000,
        le=9999,
        description="Send only names with births in or before this year",
    )

    @field_validator("max_year")
    @classmethod
    def _years_in_order(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("min_year")
        if value is not None and first is not None and first > value:
            raise ValueError(f"is before MIN_YEAR ({first})")
        return value
