"""Columns of the tables and contacts, and where each comes from: CSV column, table column, contact property."""

from collections.abc import Mapping, Sequence

import dagster as dg
import sqlalchemy as sa

from babynames_dagster.database import tables

_UNIQUE = {"id", "slug"}
_REQUIRED = dg.TableColumnConstraints(nullable=False)


def _schema(table: sa.Table, descriptions: Mapping[str, str], lineage: dg.TableColumnLineage) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            _column(
                column.name,
                str(column.type),
                descriptions.get(column.name, column.comment or ""),
                lineage,
                dg.TableColumnConstraints(nullable=bool(column.nullable), unique=column.name in _UNIQUE),
            )
            for column in table.columns
        ]
    )


def _column(
    name: str,
    type_: str,
    description: str,
    lineage: dg.TableColumnLineage,
    constraints: dg.TableColumnConstraints = _REQUIRED,
) -> dg.TableColumn:
    # The open-source UI shows no column lineage, so that the description says it, too.
    origins = ", ".join(
        f"{origin.asset_key.to_user_string()}.{origin.column_name}" for origin in lineage.deps_by_column.get(name, ())
    )
    return dg.TableColumn(
        name,
        type_,
        description="; ".join(filter(None, (description, f"from {origins}" if origins else ""))),
        constraints=constraints,
    )


def _from(asset: str, *columns: str) -> Sequence[dg.TableColumnDep]:
    return [dg.TableColumnDep(asset_key=asset, column_name=column) for column in columns]


NAMES_LINEAGE = dg.TableColumnLineage(
    {
        "name": _from("raw_zip", "Name"),
        "sex": _from("raw_zip", "Sex"),
        "slug": _from("raw_zip", "Name", "Sex"),
        "initial": _from("raw_zip", "Name"),
    }
)
NAMES_SCHEMA = _schema(
    tables.baby_names,
    {
        "id": "primary key, which the database counts up; the ledger and baby_name_years know a name by it",
        "name": "as in the file, trimmed, in Unicode NFC",
        "sex": "M or F",
        "seen_load_id": "the last load that met the row again; kept only where a file has too many names to remember",
        "created_at": "when the row came, in UTC",
        "updated_at": "when the row last changed, in UTC",
    },
    NAMES_LINEAGE,
)

YEARS_LINEAGE = dg.TableColumnLineage(
    {
        "name_id": _from("baby_names_table", "id"),
        "year": _from("raw_zip", "YearOfBirth"),
        "births": _from("raw_zip", "Number"),
    }
)
YEARS_SCHEMA = _schema(
    tables.baby_name_years,
    {"name_id": "the name's id", "year": "year of birth", "births": "children of that name and year"},
    YEARS_LINEAGE,
)

CONTACTS_LINEAGE = dg.TableColumnLineage(
    {
        "email": _from("baby_names_table", "slug"),
        "firstname": _from("baby_names_table", "name"),
        "lastname": _from("baby_names_table", "sex"),
    }
)
CONTACTS_SCHEMA = dg.TableSchema(
    columns=[
        _column(
            "email",
            "string",
            "the slug at HUBSPOT_EMAIL_DOMAIN; with HUBSPOT_EMAIL_STYLE=unique, also with time and id of the row",
            CONTACTS_LINEAGE,
            dg.TableColumnConstraints(nullable=False, unique=True),
        ),
        _column("firstname", "string", "the name", CONTACTS_LINEAGE),
        _column("lastname", "string", "Male or Female", CONTACTS_LINEAGE),
        _column(
            "hs_lead_status",
            "enumeration",
            "lead status, the same for every contact: the setting HUBSPOT_LEAD_STATUS",
            CONTACTS_LINEAGE,
        ),
        _column(
            "lifecyclestage",
            "enumeration",
            "lifecycle stage, the same for every contact: the setting HUBSPOT_LIFECYCLE_STAGE",
            CONTACTS_LINEAGE,
        ),
    ]
)
