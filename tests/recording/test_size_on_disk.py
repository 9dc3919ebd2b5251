"""Recorded arrays take the space that docs/run-directory.md states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from walkerbench.profile.loading import load_profile
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.running.run_recorder import digest_dtype, recorded_dtypes

PAGE = Path(__file__).parents[2] / "docs" / "run-directory.md"
HOUR = 216_000
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of the wheel")


def dtypes() -> tuple[np.dtype[np.void], ...]:
    soak = load_profile("soak")
    workload = soak.make_workload(soak.stages[0])
    assert soak.num_frames(soak.stages[0]) == HOUR
    return (*recorded_dtypes(workload), digest_dtype(workload.digest_fields), cpu_dtype(2))


@pytest.mark.promise("long runs", "A frame of the walker takes at most 216 bytes on disk, and 128 for each worker.")
def test_the_page_states_the_size_of_a_frame() -> None:
    frame, worker, checkpoint, sample = (each.itemsize for each in dtypes())
    page = PAGE.read_text(encoding="utf-8")

    assert frame <= 216
    assert worker <= 128
    for line in (
        f"| a frame | {frame} | {frame * HOUR / 1e6:.1f} MB |",
        f"| a frame and worker | {worker} | {worker * HOUR / 1e6:.1f} MB for each worker |",
        f"| a checkpoint and agent | {checkpoint} | {checkpoint * 60 * 3600 / 1e6:.1f} MB with 60 agents",
        f"| a sample | {sample - 8}, and 4 for each core | {sample * 4 * 3600 / 1e6:.1f} MB on 2 cores |",
    ):
        assert line in page


def test_the_page_names_every_column() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [name for each in dtypes() for name in each.names or () if f"`{name}`" not in page]
    assert missing == []
