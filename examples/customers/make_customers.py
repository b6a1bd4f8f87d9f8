"""Make `customers.db`: a table of made-up customers, some of whom can be no contact.

Usage: python make_customers.py [ROWS]
"""

import sqlite3
import sys
from contextlib import closing

FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ida", "Jan")
LAST = ("Berg", "Frei", "Graf", "Huber", "Koch", "Lang", "Moser", "Roth", "Vogt", "Wyss")
COUNTRIES = ("AT", "CH", "DE", "FR")
AWKWARD = {3: None, 5: "no email at all", 7: "ada.berg1@shop.example", 11: "Ada.Berg1@Babynamesdemo.com"}
"""Emails that are missing, that are none, that can receive no mail, and that another customer has."""


def customers(rows: int) -> list[tuple[int, str | None, str, str, str, str]]:
    """Return made-up customers."""
    made = []
    for number in range(1, rows + 1):
        first, last = FIRST[(number - 1) % len(FIRST)], LAST[(number - 1) // len(FIRST) % len(LAST)]
        email = AWKWARD.get(number, f"{first}.{last}{number}@babynamesdemo.com".lower())
        made.append((number, email, first, last, f"+43 1 {number:07}", COUNTRIES[number % len(COUNTRIES)]))
    return made


def main() -> None:
    """Make the table, unless it is there."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with closing(sqlite3.connect("customers.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, phone TEXT, "
            "country TEXT)"
        )
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?)", customers(rows))


if __name__ == "__main__":
    main()
