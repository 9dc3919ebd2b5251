"""The only reader and writer of recorded runs: `run.json` and the arrays beside it."""

from __future__ import annotations

from walkerbench.run_directory.listing import ListedRun, RunFacts, list_runs
from walkerbench.run_directory.locate import RUNS_ROOT, default_directory, find_run, runs_below
from walkerbench.run_directory.pruning import Pruning, plan_pruning, remove_run
from walkerbench.run_directory.reader import RecordedRun, read_recorded
from walkerbench.run_directory.recorded_tables import MachineFacts, RecordedProfile
from walkerbench.run_directory.schema import (
    ARRAYS,
    ArraysRecord,
    CheckpointRecord,
    ColumnRecord,
    ModeRecord,
    ObserverRecord,
    RunFile,
    StageRecord,
    SwitchRecord,
    WorkloadRecord,
    json_schema,
)
from walkerbench.run_directory.schema_history import SCHEMA_VERSION
from walkerbench.run_directory.writer import RunWriter

__all__ = [
    "ARRAYS",
    "RUNS_ROOT",
    "SCHEMA_VERSION",
    "ArraysRecord",
    "CheckpointRecord",
    "ColumnRecord",
    "ListedRun",
    "MachineFacts",
    "ModeRecord",
    "ObserverRecord",
    "Pruning",
    "RecordedProfile",
    "RecordedRun",
    "RunFacts",
    "RunFile",
    "RunWriter",
    "StageRecord",
    "SwitchRecord",
    "WorkloadRecord",
    "default_directory",
    "find_run",
    "json_schema",
    "list_runs",
    "plan_pruning",
    "read_recorded",
    "remove_run",
    "runs_below",
]
