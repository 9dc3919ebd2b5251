from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from walkerbench.errors import Interrupted, NotComparable
from walkerbench.flamegraph import passes
from walkerbench.flamegraph.passes import check_same_work, common_checkpoints
from walkerbench.profile.loading import load_profile

DTYPE = [("stage", "u2"), ("frame", "u4"), ("agent", "u4"), ("bodies", "u8"), ("brain", "u8")]


def recorded(*checkpoints: Any, brain: int = 7) -> Any:
    """Return a run with two agents and these checkpoints, `(frame, digest)`; `brain` is the second agent's digest."""
    rows = [(0, frame, agent, 1, brain if agent else 7) for frame, _ in checkpoints for agent in (0, 1)]
    records = [SimpleNamespace(stage=0, frame=frame, digest=digest) for frame, digest in checkpoints]
    workload = SimpleNamespace(same_work_not_proven=None)
    return SimpleNamespace(run=SimpleNamespace(checkpoints=records, workload=workload), digests=np.array(rows, DTYPE))


def test_runs_of_the_same_work_are_accepted() -> None:
    check_same_work(recorded((9, "aa"), (19, "bb")), recorded((9, "aa"), (19, "bb")))


def test_runs_of_different_lengths_compare_common_checkpoints() -> None:
    longer, shorter = recorded((9, "aa"), (19, "bb"), (23, "cc")), recorded((9, "aa"), (14, "dd"))

    check_same_work(longer, shorter)
    assert common_checkpoints(longer, shorter) == 1


def test_the_first_difference_is_named() -> None:
    with pytest.raises(
        NotComparable,
        match=r"^the sampled run did different work from the unsampled one: after frame 19 of stage 1, agent 1 is the "
        "first that differs, in brain; the work must not depend on the clock or on chance$",
    ):
        check_same_work(
            recorded((9, "aa"), (19, "bb"), (29, "cc")), recorded((9, "aa"), (19, "xx"), (29, "yy"), brain=8)
        )


def test_runs_without_a_common_checkpoint_are_refused() -> None:
    with pytest.raises(NotComparable, match=r"no checkpoint in common: give more frames$"):
        check_same_work(recorded((9, "aa")), recorded((8, "aa")))
    with pytest.raises(NotComparable):
        check_same_work(recorded(), recorded())


def test_an_interrupt_before_the_second_run_keeps_the_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wall = object()

    def sample(_py_spy: Any, _request: Any, _directory: Any, kind: Any, _interrupts: Any) -> Any:
        if kind == "gil":
            raise Interrupted("interrupted (SIGINT) before the run began")
        return wall

    monkeypatch.setattr(passes, "find_py_spy", lambda: "py-spy")
    monkeypatch.setattr(passes, "check_permitted", lambda *_: None)
    monkeypatch.setattr(passes, "_sample", sample)
    found = passes.record_flame_graphs(load_profile("smoke"), [], tmp_path / "out", lambda _: None)
    assert (found.wall, found.gil, found.unsampled) == (wall, None, None)
