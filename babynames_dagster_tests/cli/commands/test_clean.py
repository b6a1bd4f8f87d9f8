"""`babynames clean`: which folders go."""

from pathlib import Path

from babynames_dagster_tests.support.command import run_babynames


def test_clean_removes_the_demos_state_only_unless_asked_otherwise(tmp_path: Path) -> None:
    (tmp_path / "data" / "demo" / "sample").mkdir(parents=True)
    (tmp_path / "data" / "babynames.db").touch()
    (tmp_path / "data" / "demo" / "sample" / "babynames.db").write_bytes(b"x" * 1_200_000)
    asked = run_babynames("clean", folder=tmp_path)
    assert (asked.returncode, f"Remove {tmp_path / 'data' / 'demo'} (1." in asked.stdout) == (1, True)
    assert "MB: sample/)?" in asked.stdout
    assert run_babynames("clean", "--yes", folder=tmp_path).returncode == 0
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["babynames.db"]
    assert run_babynames("clean", "--all", "--yes", folder=tmp_path).returncode == 0
    assert not (tmp_path / "data").exists()


def test_clean_with_a_sandboxs_settings_removes_that_sandbox_alone(tmp_path: Path) -> None:
    for name in ("sample", "other-7f81"):
        (tmp_path / "data" / "demo" / name / "stand-in").mkdir(parents=True)
    settings = {"DATA_DIR": str(tmp_path / "data" / "demo" / "sample")}
    done = run_babynames("clean", "--yes", folder=tmp_path, environment=settings)
    assert f"Removed {settings['DATA_DIR']} (" in done.stdout
    assert [path.name for path in (tmp_path / "data" / "demo").iterdir()] == ["other-7f81"]


def test_what_clean_cannot_remove_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo").touch()
    answer = run_babynames("clean", "--yes", folder=tmp_path, environment={"COLUMNS": "400"})
    assert answer.returncode == 1
    assert f"{tmp_path / 'data' / 'demo'} can't be removed whole: " in answer.stderr
    assert "Not a directory" in answer.stderr
    assert "What to do: End the commands that still use it" in answer.stderr
