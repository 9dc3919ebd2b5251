"""Whatever a user's workload raises, and in whatever place: its run ends with one line, and never as a pass.

It is registered at the end of this file, by an entry point as an installed package does it, so that children find it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import every_way
import pytest
from brought import brought

from walkerbench.errors import ExitCode
from walkerbench.modes.registry import MODES
from walkerbench.workloads.contract import Field, FrameBuffers, Workload
from walkerbench.workloads.main_phase import MainPhase


@dataclass(frozen=True, kw_only=True)
class FailingSettings:
    place: str = ""
    by_exit: bool = False


@dataclass(frozen=True)
class Failing(Workload):
    """Agents that do nothing, and fail in one place."""

    num_agents: int
    seed: int
    settings: FailingSettings

    name = "failing"
    settings_class = FailingSettings
    phases = ("idle",)
    main_phase = MainPhase("idle", "idling")
    settle_phase = "idle together"
    digest_fields = ("nothing",)
    default_criteria = ("frame_ms.max < 10000",)

    def __post_init__(self) -> None:
        self.fail("make")

    def fail(self, place: str) -> None:
        if self.settings.place == place:
            if self.settings.by_exit:
                sys.exit(0)
            raise LookupError("no luck")

    def fields(self) -> tuple[Field, ...]:
        self.fail("fields")
        return ()

    def frames_per_second(self) -> float:
        self.fail("frames_per_second")
        return 60.0

    def resource_limits(self) -> dict[str, float]:
        self.fail("resource_limits")
        return {"agents": 100}

    def bytes_per_agent(self) -> int:
        self.fail("bytes_per_agent")
        return 8

    def make_settler(self, buffers: FrameBuffers) -> FailingTogether:
        self.fail("make_settler")
        return FailingTogether(self)

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> FailingShard:
        self.fail("make_shard")
        return FailingShard(self)


@dataclass(frozen=True)
class FailingTogether:
    workload: Failing

    def settle(self, frame: int) -> None:
        self.workload.fail("settle")

    def statistics(self) -> dict[str, float]:
        self.workload.fail("statistics")
        return {"agents": self.workload.num_agents}


@dataclass(frozen=True)
class FailingShard:
    workload: Failing

    def phases(self) -> dict[str, Callable[[int], None]]:
        self.workload.fail("phases")
        return {"idle": self.idle}

    def idle(self, frame: int) -> None:
        self.workload.fail("idle")

    def digest(self) -> None:
        self.workload.fail("digest")

    def snapshot(self) -> None: ...


@pytest.fixture(scope="module", autouse=True)
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    with brought(site, "walkerbench.workloads", "failing", __file__, Failing.__name__):
        yield


DECLARED = ("make", "fields", "frames_per_second", "resource_limits", "bytes_per_agent")
IN_PARENT = ("make_settler", "settle", "statistics")
IN_WORKERS = ("make_shard", "phases", "idle", "digest")
CASES = [
    *((place, "sequential", ExitCode.UNUSABLE) for place in DECLARED),
    *((place, "sequential", ExitCode.BROKEN) for place in IN_PARENT),
    *((place, mode, ExitCode.BROKEN) for place in IN_WORKERS for mode in MODES.names()),
]


@pytest.mark.parametrize("by_exit", [False, True])
@pytest.mark.parametrize(("place", "mode", "code"), CASES)
def test_it_ends_with_one_line_and_its_own_traceback(
    tmp_path: Path, place: str, mode: str, code: ExitCode, *, by_exit: bool
) -> None:
    (tmp_path / "failing.toml").write_text(
        f'workload = "failing"\nagents = 6\nframes = 30\nwarmup = 5\nmode = "{mode}"\n'
        f'[environment]\nplace = "{place}"\nby_exit = {str(by_exit).lower()}\n'
    )
    ended = every_way.in_process(tmp_path, "run", "--profile", "./failing.toml", "--quiet", "-o", "run")
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert ("SystemExit: 0" if by_exit else "LookupError: no luck") in ended.error
    before = ended.err.splitlines()[:-1]
    if code == ExitCode.BROKEN:  # the traceback has lines of the workload's own code only
        start = before.index("The workload's traceback:")
        assert before[start + 1] == "Traceback (most recent call last):"
        assert {line for line in before[start:] if line.startswith("  File ")} <= set(own_frames(before))
        before = before[:start]
    assert before in ([], ["what was recorded is kept: run"])


def own_frames(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(f'  File "{__file__}", line ')]


def test_a_module_that_exits_on_import_is_named(tmp_path: Path) -> None:
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(0)\n")
    with brought(tmp_path / "site", "walkerbench.workloads", "leaving", str(tmp_path / "leaving.py"), "factory"):
        ended = every_way.in_process(tmp_path, "run", "--workload", "leaving")
    assert ended.code == ExitCode.UNUSABLE
    assert "workload 'leaving' cannot be imported from leaving:factory: SystemExit: 0" in ended.error


def test_the_workload_runs_where_nothing_fails(tmp_path: Path) -> None:
    options = ("--workload", "failing", "--agents", "6", "--frames", "30", "--warmup", "5")
    ended = every_way.in_process(tmp_path, "run", *options, "--quiet", "-o", "run")
    assert (ended.code, ended.err) == (ExitCode.PASS, "")
