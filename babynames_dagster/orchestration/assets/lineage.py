"""Columns of the tables and contacts, and where each comes from: CSV column, table column, contact property.

The tables' columns are written down again here, because their definitions take SQLAlchemy; a test proves that the two
agree.
"""

from collections.abc import Sequence

import dagster as dg

_REQUIRED = dg.TableColumnConstraints(nullable=False)
_OPTIONAL = dg.TableColumnConstraints(nullable=True)
_UNIQUE = dg.TableColumnConstraints(nullable=False, unique=True)


def _schema(
    lineage: dg.TableColumnLineage, columns: Sequence[tuple[str, str, dg.TableColumnConstraints, str]]
) -> dg.TableSchema:
    """Return a schema of columns: name, type, constraints, description."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, kind, _described(name, description, lineage), constraints)
            for name, kind, constraints, description in columns
        ]
    )


def _described(name: str, description: str, lineage: dg.TableColumnLineage) -> str:
    # The open-source UI shows no column lineage, so that the description says it, too.
    origins = ", ".join(
        f"{origin.asset_key.to_user_string()}.{origin.column_name}" for origin in lineage.deps_by_column.get(name, ())
    )
    return "; ".join(filter(None, (description, f"from {origins}" if origins else "")))


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
    NAMES_LINEAGE,
    [
        (
            "id",
            "BIGINT",
            _UNIQUE,
            "primary key, which the database counts up; the ledger and baby_name_years know a name by it",
        ),
        ("slug", "VARCHAR(64)", _UNIQUE, "unique key and local part of the email"),
        ("name", "VARCHAR(255)", _REQUIRED, "as in the file, trimmed, in Unicode NFC"),
        ("sex", "VARCHAR(1)", _REQUIRED, "M or F"),
        ("initial", "VARCHAR(5)", _REQUIRED, "A..Z or other: the partition"),
        ("load_id", "BIGINT", _REQUIRED, "the load that brought the row"),
        ("source_line", "BIGINT", _REQUIRED, "the line of the file it came from"),
        (
            "seen_load_id",
            "BIGINT",
            _OPTIONAL,
            "the last load that met the row again; kept only where a file has too many names to remember",
        ),
        ("created_at", "DATETIME", _REQUIRED, "when the row came, in UTC"),
        ("updated_at", "DATETIME", _REQUIRED, "when the row last changed, in UTC"),
    ],
)

YEARS_LINEAGE = dg.TableColumnLineage(
    {
        "name_id": _from("baby_names_table", "id"),
        "year": _from("raw_zip", "YearOfBirth"),
        "births": _from("raw_zip", "Number"),
    }
)
YEARS_SCHEMA = _schema(
    YEARS_LINEAGE,
    [
        ("name_id", "BIGINT", _REQUIRED, "the name's id"),
        ("year", "SMALLINT", _REQUIRED, "year of birth"),
        ("births", "INTEGER", _REQUIRED, "children of that name and year"),
        ("load_id", "BIGINT", _REQUIRED, "the last load that met the row"),
    ],
)

CONTACTS_LINEAGE = dg.TableColumnLineage(
    {
        "email": _from("baby_names_table", "slug"),
        "firstname": _from("baby_names_table", "name"),
        "lastname": _from("baby_names_table", "sex"),
    }
)
CONTACTS_SCHEMA = _schema(
    CONTACTS_LINEAGE,
    [
        (
            "email",
            "string",
            _UNIQUE,
            "the slug at HUBSPOT_EMAIL_DOMAIN; with HUBSPOT_EMAIL_STYLE=unique, also with time and id of the row",
        ),
        ("firstname", "string", _REQUIRED, "the name"),
        ("lastname", "string", _REQUIRED, "Male or Female"),
        (
            "hs_lead_status",
            "enumeration",
            _REQUIRED,
            "lead status, the same for every contact: the setting HUBSPOT_LEAD_STATUS",
        ),
        (
            "lifecyclestage",
            "enumeration",
            _REQUIRED,
            "lifecycle stage, the same for every contact: the setting HUBSPOT_LIFECYCLE_STAGE",
        ),
    ],
)
