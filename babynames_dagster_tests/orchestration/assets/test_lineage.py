"""What the UI shows of the tables' columns before the first run."""

import dagster as dg
import pytest
import sqlalchemy as sa

from babynames_dagster.database.tables import baby_name_years, baby_names
from babynames_dagster.orchestration.assets.lineage import NAMES_SCHEMA, YEARS_SCHEMA

IN_OTHER_WORDS = {"seen_load_id"}
"""Columns whose comment in the database is for those who know the load."""


def is_unique(column: sa.Column[object]) -> bool:
    constraints = [
        each for each in column.table.constraints if isinstance(each, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    return any([*each.columns] == [column] for each in constraints)


@pytest.mark.parametrize(("schema", "table"), [(NAMES_SCHEMA, baby_names), (YEARS_SCHEMA, baby_name_years)])
def test_the_columns_that_are_shown_are_the_tables(schema: dg.TableSchema, table: sa.Table) -> None:
    shown = [
        (column.name, column.type, column.constraints.nullable, column.constraints.unique) for column in schema.columns
    ]
    assert shown == [
        (column.name, str(column.type), bool(column.nullable), is_unique(column)) for column in table.columns
    ]


@pytest.mark.parametrize(("schema", "table"), [(NAMES_SCHEMA, baby_names), (YEARS_SCHEMA, baby_name_years)])
def test_a_columns_description_begins_with_its_comment_in_the_database(schema: dg.TableSchema, table: sa.Table) -> None:
    described = {column.name: column.description or "" for column in schema.columns}
    assert all(described.values())
    commented = {column.name: column.comment for column in table.columns if column.comment}
    assert [
        name
        for name, comment in commented.items()
        if name not in IN_OTHER_WORDS and not described[name].startswith(comment)
    ] == []
