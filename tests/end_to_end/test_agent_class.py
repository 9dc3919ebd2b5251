"""A user's class is run in every mode, from the folder that holds it."""

from __future__ import annotations

import json

import pytest
from user_herd import HERD
from whole_process import WholeProcess

RUN = ("run", "--workload", "herd_of_a_test:Herd", "--agents", "7", "--frames", "30", "--warmup", "2", "-q", "--json")


@pytest.mark.parametrize("folder", [".", "src"])
def test_every_mode_finds_the_class_and_does_the_same_work(walkerbench: WholeProcess, folder: str) -> None:
    (walkerbench.cwd / folder).mkdir(exist_ok=True)
    (walkerbench.cwd / folder / "herd_of_a_test.py").write_text(HERD)
    runs = []
    for mode in ("sequential", "threaded", "process"):
        ended = walkerbench(*RUN, "--mode", mode, "--workload-argument", "speed=3", "-o", mode)
        assert (ended.code, ended.err) == (0, "")
        runs.append(json.loads(ended.out))
    assert len({run["digest"] for run in runs}) == 1
    assert [run["mode"]["used"] for run in runs] == ["sequential", "threaded", "process"]
    for run in runs:
        assert run["workload"]["name"] == "herd_of_a_test:Herd"
        assert run["profile"]["workload_arguments"] == {"speed": 3}
        assert run["criteria"] == ["emergency_shutdowns == 0", "frame_ms.max < 200"]
        assert run["code"]["workload"]["module"] == "herd_of_a_test"
        assert run["code"]["workload"]["folder"] == str((walkerbench.cwd / folder).resolve())
