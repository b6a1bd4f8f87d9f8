"""Files to measure with, the same at each run.

What belongs here: making them. What does not: measuring.
"""

import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = "YearOfBirth,Name,Sex,Number\n"
_FIRST_YEAR = 1880
_YEARS = 145
_PAIRS = 105_000
_ROWS_PER_YEAR = 12_820
_ALWAYS = 6_000
_ONSETS = ("b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "w", "br", "ch", "sh", "th")
_RHYMES = ("a", "e", "i", "o", "u", "an", "en", "in", "on", "el")


@dataclass(frozen=True)
class Data:
    """One file, zipped and unpacked.

    Attributes:
        title: What it is like.
        zipped: For us.
        plain: For whom a zip is of no use.
        rows: Its rows.
    """

    title: str
    zipped: Path
    plain: Path
    rows: int


def real_like(folder: Path, dataset: Path | None, scale: int) -> Data:
    """Return the dataset, or a file of its proportions: each name in many years."""
    if dataset is None:
        return _data(folder, "many duplicates", "".join(_years(scale)))
    with zipfile.ZipFile(dataset) as archive:
        member = max(archive.infolist(), key=lambda item: item.file_size)
        return _data(folder, "dataset", archive.read(member).decode().split("\n", 1)[1])


def ten_times(folder: Path, data: Data) -> Data:
    """Return a file with the rows of another one ten times over."""
    return _data(folder, f"{data.title}, ten times", data.plain.read_text().split("\n", 1)[1] * 10)


def all_distinct(folder: Path, names: int, *, in_order: bool = False) -> Data:
    """Return a file without any duplicate, in the order of the alphabet or in none."""
    letters = random.Random(2)  # noqa: S311 - numbers to measure with
    distinct: set[str] = set()
    while len(distinct) < names:
        distinct.add("".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=8)).capitalize())
    chosen = sorted(distinct, key=None if in_order else _scattered)
    rows = (f"1880,{name},{'MF'[sum(map(ord, name)) % 2]},5\n" for name in chosen)
    return _data(folder, f"all distinct, {'in order' if in_order else 'shuffled'}", "".join(rows))


def _scattered(name: str) -> str:
    """Return a key that sorts names into an order of no use to an index."""
    return name[::-1]


def _years(scale: int) -> Iterator[str]:
    chance = random.Random(1)  # noqa: S311 - numbers to measure with
    pairs = [f"{name},{sex}" for name in _names(_PAIRS // scale // 2) for sex in "FM"]
    always = _ALWAYS // scale
    for year in range(_FIRST_YEAR, _FIRST_YEAR + _YEARS):
        for pair in pairs[:always] + chance.sample(pairs[always:], _ROWS_PER_YEAR // scale - always):
            yield f"{year},{pair},{chance.randrange(5, 7000)}\n"


def _names(count: int) -> list[str]:
    syllables = [onset + rhyme for onset in _ONSETS for rhyme in _RHYMES]
    chance = random.Random(3)  # noqa: S311 - numbers to measure with
    names: dict[str, None] = {}
    while len(names) < count:
        names["".join(chance.choices(syllables, k=3)).capitalize()] = None
    return list(names)


def _data(folder: Path, title: str, body: str) -> Data:
    folder.mkdir(parents=True, exist_ok=True)
    plain = folder / f"{title.replace(' ', '-').replace(',', '')}.csv"
    plain.write_text(HEADER + body)
    zipped = plain.with_suffix(".zip")
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(plain, plain.name)
    return Data(title, zipped, plain, body.count("\n"))
