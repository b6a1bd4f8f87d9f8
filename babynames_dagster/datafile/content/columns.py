"""Which columns there are, what headers call them, and what a row's own fields look like."""

import re
from collections.abc import Sequence

NAME, SEX, YEAR, BIRTHS = "name", "sex", "year", "births"

# What headers call a column, by what is left of it without case, spaces and punctuation; the better name first.
_COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    NAME: ("Name", ("name", "firstname", "givenname", "babyname", "childsfirstname")),
    SEX: ("Sex", ("sex", "gender")),
    YEAR: ("YearOfBirth", ("yearofbirth", "birthyear", "yob", "year")),
    BIRTHS: ("Number", ("number", "births", "count", "frequency")),
}
YEARLY_COLUMNS = (NAME, SEX, BIRTHS)
"""Of the files that the Social Security Administration names `yob1880.txt`, which have no header."""

_SEX_VALUES = {"m", "f", "male", "female"}
_YEAR_VALUE = re.compile(r"[12]\d{3}")


def position_of(column: str, names: Sequence[str]) -> int | None:
    """Return where a header has a column; None where it has none that we know by its name."""
    plain = [re.sub(r"[\W_]", "", name).casefold() for name in names]
    return next((plain.index(known) for known in _COLUMNS[column][1] if known in plain), None)


def titles_of(columns: Sequence[str]) -> str:
    """Return columns by their usual names, for people."""
    return " and ".join(_COLUMNS[column][0] for column in columns)


def guessed_columns(fields: Sequence[str]) -> list[str] | None:
    """Return what the columns of a row seem to be; None where name and sex are not to be found."""
    found: list[str] = []
    for field in fields:
        kind = "-"
        if field.casefold() in _SEX_VALUES:
            kind = SEX
        elif _YEAR_VALUE.fullmatch(field) and YEAR not in found:
            kind = YEAR
        elif field.isdecimal():
            kind = BIRTHS
        elif field.replace(" ", "").isalpha() and len(field) > 2:  # noqa: PLR2004 - a state has two letters
            kind = NAME
        found.append("-" if kind in found else kind)
    return found if {NAME, SEX} <= set(found) else None
