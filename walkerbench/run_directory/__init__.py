"""The only reader and writer of recorded runs: `run.json` and the arrays beside it."""

from __future__ import annotations

from walkerbench.run_directory.locate import RUNS_ROOT, default_directory, find_run, runs_below
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
    "MachineFacts",
    "ModeRecord",
    "ObserverRecord",
    "RecordedProfile",
    "RecordedRun",
    "RunFile",
    "RunWriter",
    "StageRecord",
    "SwitchRecord",
    "WorkloadRecord",
    "default_directory",
    "find_run",
    "json_schema",
    "read_recorded",
    "runs_below",
]
