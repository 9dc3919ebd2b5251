"""Runs that earlier versions of walkerbench recorded, in `golden/`, stay readable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from every_way import exported, in_process, succeeded

from walkerbench.errors import NotComparable
from walkerbench.modes.process import ProcessMode
from walkerbench.recorded_sides.compare_recorded import compare_recorded
from walkerbench.recorded_sides.sides import find_sides
from walkerbench.recording.code_facts import CodeFacts, WalkerbenchCode, WorkloadCode
from walkerbench.run_directory import SCHEMA_VERSION, read_recorded
from walkerbench.running.summary import conclude
from walkerbench.workloads.main_phase import MainPhase

GOLDEN = Path(__file__).parent / "golden"
OLD = range(1, SCHEMA_VERSION)
NOT_RECORDED = dict.fromkeys(("folder", "digest", "git_error"))
every_schema = pytest.mark.parametrize("schema", OLD)


def test_there_is_a_golden_run_of_every_older_schema() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"schema_{schema}" for schema in OLD}


@every_schema
def test_a_run_of_an_older_schema_is_read(schema: int) -> None:
    recorded = read_recorded(GOLDEN / f"schema_{schema}")
    run = recorded.run
    assert (run.schema_version, run.state, len(recorded.frames)) == (schema, "finished", 48)
    assert run.workload.main_phase == MainPhase("agents", "agent processing")
    assert run.workload.frames_per_second == 60.0
    assert run.mode.traits == ProcessMode.traits
    assert [stage.mode for stage in run.stages] == ["process", "process"]
    assert [stage.agents for stage in run.stages] == [6, 4]
    assert run.profile["workload"] == "walker"
    assert (run.attribution is None) == (schema == 1)
    assert ("core_wait_ns" in (recorded.workers.dtype.names or ())) == (schema > 1)
    assert ("voluntary_switches" in (recorded.workers.dtype.names or ())) == (schema > 2)
    assert bool(run.observers) == (schema > 3)


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_an_old_run_has_the_revision_of_its_directory(schema: int) -> None:
    run = read_recorded(GOLDEN / f"schema_{schema}").run
    git: Any = run.machine["git"]
    revision, changed_files = git["revision"], git["dirty"]
    version = run.walkerbench_version
    assert run.code == CodeFacts(
        walkerbench=WalkerbenchCode(version=version, revision=revision, changed_files=changed_files, **NOT_RECORDED),
        workload=WorkloadCode(module=None, revision=revision, changed_files=changed_files, **NOT_RECORDED),
    )


def test_code_of_a_run_of_schema_4_has_no_folder_and_no_digest() -> None:
    run = read_recorded(GOLDEN / "schema_4").run
    revision = "1f2f69caffe196cf364813c58f09b4d3235d8098"
    assert run.code.walkerbench == WalkerbenchCode(
        version="0.1.0", revision=revision, changed_files=False, **NOT_RECORDED
    )
    assert (run.code.workload.revision, run.code.workload.folder, run.code.workload.digest) == (revision, None, None)
    assert "instrumentation" not in run.machine


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_an_old_run_outside_a_repository_has_no_revision(schema: int, tmp_path: Path) -> None:
    copy = shutil.copytree(GOLDEN / f"schema_{schema}", tmp_path / "run")
    content = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    content["machine"]["git"] = None
    (copy / "run.json").write_text(json.dumps(content), encoding="utf-8")
    code = read_recorded(copy).run.code
    assert (code.walkerbench.revision, code.walkerbench.changed_files) == (None, None)
    assert code.workload == WorkloadCode(module=None, revision=None, changed_files=None, **NOT_RECORDED)


@every_schema
def test_an_old_run_is_judged_as_it_was(schema: int) -> None:
    recorded = read_recorded(GOLDEN / f"schema_{schema}")
    again = conclude(recorded)
    assert again.verdicts == recorded.run.verdicts
    assert again.digest == recorded.run.digest
    # Metrics may have been added since; the older ones must be unchanged.
    assert recorded.run.metrics.items() <= again.metrics.items()


@every_schema
def test_an_old_run_is_shown_reported_and_exported(schema: int, tmp_path: Path) -> None:
    run = str(GOLDEN / f"schema_{schema}")
    assert "PASS: every criterion is met" in succeeded(in_process(tmp_path, "show", run)).out
    succeeded(in_process(tmp_path, "report", run, "-o", "page.html"))
    assert all(exported(tmp_path, run).values())


def test_runs_of_different_schemas_are_not_compared() -> None:
    runs = [str(GOLDEN / f"schema_{schema}") for schema in (2, 3)]
    with pytest.raises(NotComparable, match="differ in the schema: 2 and 3"):
        compare_recorded(find_sides(runs, GOLDEN))


@pytest.mark.parametrize("schema", [3, 4])
def test_runs_of_one_old_schema_are_compared(schema: int, tmp_path: Path) -> None:
    copies = []
    for name in ("a", "b"):
        copies.append(str(shutil.copytree(GOLDEN / f"schema_{schema}", tmp_path / name)))
        path = tmp_path / name / "run.json"
        path.write_text(
            path.read_text(encoding="utf-8").replace('"finished_utc": "2', f'"finished_utc": "{len(copies)}')
        )
    result = compare_recorded(find_sides(copies, tmp_path))
    assert result.did_same_work
    assert result.base.traits == ProcessMode.traits
