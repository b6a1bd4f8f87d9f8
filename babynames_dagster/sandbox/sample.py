"""A plausible sample of the dataset, made up and always the same.

What belongs here: names, curves, the file. What does not: the real data, which is not part of this project.
"""

import math
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

FILE_NAME = "babyNamesUSYOB-full.csv"

_SEED = 1881
_YEARS = range(1880, 2016)
_LEAST_BIRTHS = 5  # rarer names are not published
_ZIP_TIME = (2016, 5, 13, 0, 0, 0)  # zips record times; a fixed one keeps the bytes the same

# Among them are names that careless parsers take for missing values, booleans or numbers.
_GIRLS = """
Abigail Ada Addison Agnes Alice Amanda Amelia Amy Andrea Angela Anna Annie Ashley Audrey Ava Barbara Beatrice Bertha
Betty Beverly Bonnie Brenda Carol Caroline Catherine Charlotte Cheryl Chloe Christina Christine Clara Crystal Cynthia
Daisy Danielle Deborah Denise Diana Diane Donna Doris Dorothy Edith Edna Eleanor Elizabeth Ella Ellen Elsie Emily Emma
Esther Ethel Eva Evelyn Florence Frances Gertrude Gladys Gloria Grace Hannah Harper Hazel Heather Helen Ida Infinity
Irene Isabella Jacqueline Jane Janet Janice Jean Jennifer Jessica Joan Josephine Joyce Judith Julia Karen Katherine
Kathleen Kimberly Laura Lauren Lillian Linda Lisa Lois Lori Louise Lucille Luna Madison Margaret Maria Marie Marilyn
Marjorie Martha Mary Megan Melissa Mia Michelle Mildred Mila Minnie Na Nan Nancy Natalie Nevaeh Nicole Norma Olivia
Ophelia Pamela Patricia Paula Phyllis Queen Quinn Rachel Rebecca Rose Ruby Ruth Samantha Sandra Sara Sarah Shannon
Sharon Shirley Sofia Sophia Stephanie Susan Tammy Teresa Thelma Theresa Tiffany Tina Uma Unique Ursula Victoria Viola
Violet Virginia Wanda Wendy Xena Ximena Yolanda Yvonne Zoe Zora
""".split()  # noqa: SIM905 - a list, one a line, would hide the rest

_BOYS = """
Aaron Adam Aiden Alan Albert Alexander Alfred Andrew Anthony Antonio Arthur Benjamin Bernard Bobby Bradley Brandon
Brian Bruce Bryan Caleb Calvin Carl Chad Charles Christian Christopher Clarence Clifford Craig Curtis Daniel David
Dennis Donald Douglas Dylan Earl Edward Edwin Elijah Eric Ernest Ethan Eugene Evan Floyd Francis Frank Fred Gabriel
Gary George Gerald Glenn Gordon Gregory Harold Harry Henry Herbert Herman Howard Hunter Ian Isaac Jack Jacob James
Jason Jayden Jeffrey Jeremy Jerry Jesse Jimmy Joe John Johnny Jonathan Jose Joseph Joshua Juan Justin Keith Kenneth
Kevin Kyle Larry Lawrence Leo Leonard Leroy Lewis Liam Logan Louis Lucas Luke Marcus Mark Martin Mason Matthew Max
Melvin Michael Nathan Nicholas Nil No Noah Norman Oliver Oscar Owen Patrick Paul Peter Philip Phillip Quentin Quincy
Ralph Randy Raymond Richard Robert Rodney Roger Ronald Roy Russell Ryan Samuel Scott Sean Stanley Stephen Steven Terry
Theodore Thomas Timothy Todd Travis True Tyler Ulysses Umar Vernon Victor Vincent Walter Warren Wayne William Willie
Xander Xavier Yahir Yusuf Zachary Zane
""".split()  # noqa: SIM905 - a list, one a line, would hide the rest

_BOTH = "Jordan Taylor Casey Riley Avery Jessie Leslie Dana Morgan Robin".split()  # noqa: SIM905 - reads best so


def write_sample(folder: Path) -> Path:
    """Write the sample as `babyNamesUSYOB-full.csv.zip`.

    Args:
        folder: Where; made where it is missing.

    Returns:
        The zip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{FILE_NAME}.zip"
    member = zipfile.ZipInfo(FILE_NAME, date_time=_ZIP_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    content = "YearOfBirth,Name,Sex,Number\n" + "".join(
        f"{year},{name},{sex},{births}\n" for year, name, sex, births in sample_rows()
    )
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(member, content)
    return target


def sample_rows() -> Iterator[tuple[int, str, str, int]]:
    """Yield (year, name, sex, births) in the dataset's order: year, F before M, births descending, name."""
    curves = {sex: _curves(names) for sex, names in (("F", _GIRLS + _BOTH), ("M", _BOYS + _BOTH))}
    for year in _YEARS:
        for sex, of_sex in curves.items():
            births = {name: curve[year - _YEARS.start] for name, curve in of_sex.items()}
            ranked = sorted(births.items(), key=lambda item: (-item[1], item[0]))
            yield from ((year, name, sex, number) for name, number in ranked if number >= _LEAST_BIRTHS)


def _curves(names: list[str]) -> dict[str, list[int]]:
    """Return births by year of each name: a wave of fashion, higher for few names and low for most."""
    curves = {}
    for rank, name in enumerate(_shuffled(names), start=1):
        dice = random.Random(f"{_SEED}/{name}/{len(names)}")  # noqa: S311 - to be repeatable, not secret
        peak, width = dice.uniform(1870, 2020), dice.uniform(6, 22)
        height = 60_000 / rank**1.1
        wave = [height * math.exp(-(((year - peak) / width) ** 2) / 2) for year in _YEARS]
        curves[name] = [round(births * dice.uniform(0.9, 1.1)) for births in wave]
    return curves


def _shuffled(names: list[str]) -> list[str]:
    return random.Random(_SEED).sample(names, len(names))  # noqa: S311 - to be repeatable, not secret
