"""Tests that check a workload against the contract. Part of the public API.

::

    from walkerbench.testing import WorkloadTests

    class TestHerd(WorkloadTests):
        spec = "mysim:Herd"

pytest runs one test, which fails with a line for each rule that does not hold. `walkerbench check SPEC`
prints the same lines, and also the rules that hold and the rules that could not be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from walkerbench.checking.check_workload import FRAMES, TIMEOUT_S, check_workload
from walkerbench.checking.rules import CheckResult, Holds, RuleResult

__all__ = ["CheckResult", "Holds", "RuleResult", "WorkloadTests", "check_workload"]


class WorkloadTests:
    """Base of a test class that checks one workload against the contract; the subclass names the workload.

    Attributes:
        spec: The workload, such as `mysim:Herd`, which is found from the working directory.
        arguments: Keyword arguments of the class or function that it names.
        agents: How many agents; None for a few.
        frames: How many frames are run in each way.
        timeout_s: How long a child process may take to run the frames once, s.
    """

    spec: ClassVar[str]
    arguments: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    agents: ClassVar[int | None] = None
    frames: ClassVar[int] = FRAMES
    timeout_s: ClassVar[float] = TIMEOUT_S

    def test_the_contract_is_kept(self) -> None:
        """Fail with a line for each rule that does not hold."""
        result = check_workload(
            self.spec, arguments=self.arguments, agents=self.agents, frames=self.frames, timeout_s=self.timeout_s
        )
        broken = [] if result.broke is None else [f"it cannot be run: {result.broke}", result.user_traceback]
        for each in result.violations:
            broken += [f"{each.rule}: {each.detail}", each.user_traceback]
        message = "\n".join(["the workload breaks the contract", *filter(None, broken)])
        if broken:
            raise AssertionError(message)
