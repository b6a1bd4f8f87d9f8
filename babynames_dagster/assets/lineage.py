"""Columns of the tables and contacts, and where each comes from: CSV column, table column, contact property."""

import dagster as dg
import sqlalchemy as sa

from babynames_dagster.database import tables


def _schema(table: sa.Table, descriptions: dict[str, str]) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                str(column.type),
                description=descriptions.get(column.name, column.comment or ""),
                constraints=dg.TableColumnConstraints(nullable=bool(column.nullable), unique=column.name == "slug"),
            )
            for column in table.columns
        ]
    )


def _from(asset: str, *columns: str) -> list[dg.TableColumnDep]:
    return [dg.TableColumnDep(asset_key=asset, column_name=column) for column in columns]


NAMES_SCHEMA = _schema(
    tables.baby_names, {"name": "as in the file, trimmed, in Unicode NFC", "sex": "M or F", "id": "counts up"}
)
NAMES_LINEAGE = dg.TableColumnLineage(
    {
        "name": _from("raw_zip", "Name"),
        "sex": _from("raw_zip", "Sex"),
        "slug": _from("raw_zip", "Name", "Sex"),
        "initial": _from("raw_zip", "Name"),
    }
)

YEARS_SCHEMA = _schema(tables.baby_name_years, {"name_id": "baby_names.id", "births": "children of that name and year"})
YEARS_LINEAGE = dg.TableColumnLineage(
    {
        "name_id": _from("baby_names_table", "id"),
        "year": _from("raw_zip", "YearOfBirth"),
        "births": _from("raw_zip", "Number"),
    }
)

CONTACTS_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("email", "string", description="slug@HUBSPOT_EMAIL_DOMAIN, or the unique style"),
        dg.TableColumn("firstname", "string", description="the name"),
        dg.TableColumn("lastname", "string", description="Male or Female"),
        dg.TableColumn("hs_lead_status", "enumeration", description="HUBSPOT_LEAD_STATUS"),
        dg.TableColumn("lifecyclestage", "enumeration", description="HUBSPOT_LIFECYCLE_STAGE"),
    ]
)
CONTACTS_LINEAGE = dg.TableColumnLineage(
    {
        "email": _from("baby_names_table", "slug"),
        "firstname": _from("baby_names_table", "name"),
        "lastname": _from("baby_names_table", "sex"),
    }
)
