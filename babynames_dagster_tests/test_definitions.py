"""The code location: loads anywhere, without credentials and without noise."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from babynames_dagster.cli.pipeline import job_to_run
from babynames_dagster.definitions import build_definitions, default_resources
from babynames_dagster.errors import PipelineError
from babynames_dagster.settings import current_settings

ASSETS = {"raw_zip", "baby_names_table", "baby_name_years", "hubspot_contacts"}


def asset_names(job: dg.JobDefinition) -> set[str]:
    return {key.to_user_string() for key in job.asset_layer.selected_asset_keys}


def test_the_command_line_loads_it_without_credentials_or_noise(tmp_path: Path) -> None:
    dagster = str(Path(sys.executable).parent / "dagster")
    answer = subprocess.run(  # noqa: S603 - the console script beside this interpreter
        [dagster, "asset", "list", "-m", "babynames_dagster.definitions"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(answer.stdout.split()) == ASSETS
    assert "Warning" not in answer.stderr


def test_loading_reads_no_setting_at_import(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BATCH_SIZE=many\n")
    subprocess.run([sys.executable, "-c", "import babynames_dagster.definitions"], cwd=tmp_path, check=True)


def test_a_mistake_in_the_settings_is_told_when_the_location_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_SIZE", "many")
    with pytest.raises(PipelineError, match="BATCH_SIZE"):
        build_definitions()


def test_every_definition_is_valid_and_described() -> None:
    definitions = build_definitions()
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description
        assert node.group_name == "babynames"
        assert node.owners
        assert node.kinds
        assert node.code_version


def test_the_lineage_is_file_table_years_contacts() -> None:
    graph = build_definitions().resolve_asset_graph()
    parents = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert parents == {
        "raw_zip": set(),
        "baby_names_table": {"raw_zip"},
        "baby_name_years": {"raw_zip", "baby_names_table"},
        "hubspot_contacts": {"baby_names_table", "baby_name_years"},
    }


def test_the_main_job_loads_year_data_only_where_a_year_filter_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asset_names(job_to_run()) == ASSETS - {"baby_name_years"}
    monkeypatch.setenv("MIN_YEAR", "1990")
    current_settings.cache_clear()
    assert asset_names(job_to_run()) == ASSETS


def test_no_resource_has_a_field_that_could_show_a_secret() -> None:
    for resource in default_resources().values():
        fields = set(type(resource).model_fields)
        assert fields <= {"database"}
