"""What `setup.cfg` says of the package is true: its requirements, and what its wheel holds."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from babynames_dagster_tests.docs.markdown import CHECKOUT

SOURCES = ("alembic", "babynames_dagster", "alembic.ini", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
WITHOUT_IMPORT = {"dagster-webserver"}
"""Requirements whose commands are used, not their modules."""


def normalised(names: Iterable[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def required(*extras: str) -> set[str]:
    """Return the distributions that the package requires, with those of extras."""
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    lists = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in extras)]
    return normalised(re.findall(r"^[\w.-]+", "\n".join(lists), flags=re.MULTILINE))


def imported(folder: str) -> set[str]:
    """Return the distributions that the code in a folder imports."""
    modules = {module for file in (CHECKOUT / folder).rglob("*.py") for module in _modules(file)}
    providers = packages_distributions()
    own = {"babynames_dagster", "babynames_dagster_tests"}
    return normalised(name for module in modules - sys.stdlib_module_names - own for name in providers[module][:1])


def _modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_what_the_package_imports_is_required_and_what_is_required_is_imported() -> None:
    assert imported("babynames_dagster") <= required("aws", "queue")
    assert required() - WITHOUT_IMPORT <= imported("babynames_dagster")


def test_what_tests_import_is_required_for_development() -> None:
    assert imported("babynames_dagster_tests") <= required("dev")


def test_what_is_installed_fits_together() -> None:
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the package's wheel, and everything else from the one that runs this."""
    folder = tmp_path_factory.mktemp("wheel")
    source, environment = folder / "source", folder / "environment"
    source.mkdir()
    for name in SOURCES:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, source / name, symlinks=True)
        else:
            shutil.copy(CHECKOUT / name, source / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    _pip("--python", python, "install", "--no-deps", *folder.glob("*.whl"))
    libraries = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (libraries / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return environment / "bin"


def _pip(*arguments: str | Path) -> None:
    ran = subprocess.run(  # noqa: S603 - this interpreter's pip
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_wheel_brings_its_migrations_in_both_directions(installed: Path, tmp_path: Path) -> None:
    variables = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'names.db'}"}

    def ran(program: str, *arguments: str, **more: str) -> str:
        done = subprocess.run(  # noqa: S603 - programs of the environment that was made
            [installed / program, *arguments],
            cwd=tmp_path,
            env={**variables, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = ran("python", "-c", "import babynames_dagster; print(babynames_dagster.__file__)")
    assert Path(where).is_relative_to(installed.parent)
    newest = ran("babynames", "migrate")
    assert "0002" not in newest
    assert "0002" in ran("babynames", "migrate", "--to", "0002")
    settings = installed.parent / "share" / "babynames_dagster" / "alembic.ini"
    assert "0002" in ran("python", "-m", "alembic", "current", ALEMBIC_CONFIG=str(settings))


@pytest.mark.parametrize(
    ("targets", "installed"),
    [(["demo"], "."), (["ui"], "."), (["browser"], "."), (["install", "browser"], ".[dev]"), (["lint"], ".[dev]")],
)
def test_a_bare_checkout_installs_once_what_its_targets_need(
    tmp_path: Path, targets: list[str], installed: str
) -> None:
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in ("setup.cfg", "constraints.txt", "scripts/browser.sh", "scripts/ui.sh"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
    (scripts / "venv.sh").write_text('#!/bin/sh\necho "installs $1"\nmkdir -p .venv\n', encoding="utf-8")
    for script in scripts.iterdir():
        script.chmod(0o755)
    done = subprocess.run(["make", *targets], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603, S607 - our own Makefile
    assert [line for line in done.stdout.splitlines() if line.startswith("installs")] == [f"installs {installed}"]
