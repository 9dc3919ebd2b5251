"""A picture for tests: each agent is one square, drawn from one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.picture import AgentDetail, Drawing, Picture, Scenery, SnapshotArrays

SQUARE = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


@dataclass(frozen=True)
class ToyPicture(Picture):
    """Squares at the places `x`, with the sizes `size`; raises in the method that a test chooses."""

    raises_in: str = ""

    def scenery(self) -> Scenery:
        self._may_raise("scenery")
        return Scenery(np.array([(0.0, 0.0), (9.0, 1.0)]), np.array([(4.0, 0.5, 0.25, 0.5)]), ("charge",), ("x_m",))

    def drawing(self, arrays: SnapshotArrays) -> Drawing:
        self._may_raise("drawing")
        x, size = arrays["x"], arrays["size"]
        poses = np.stack([x, np.zeros_like(x), np.zeros_like(x)], axis=1)[:, None]
        return Drawing(poses, size, arrays["charge"][:, None], x[:, None], np.array([(2.0, 3.0)]))

    def outlines(self, arrays: SnapshotArrays, agent: int) -> tuple[NDArray[np.float64], ...]:
        self._may_raise("outlines")
        return (SQUARE * float(arrays["size"][agent]),)

    def detail(self, arrays: SnapshotArrays, agent: int) -> AgentDetail:
        self._may_raise("detail")
        figures = {"state": {"charge": float(arrays["charge"][agent])}}
        return AgentDetail(figures, rays=((0.5, 2.0, "nothing"),), target=(2.0, 3.0))

    def _may_raise(self, where: str) -> None:
        if where == self.raises_in:
            raise LookupError(f"no {where}")


def arrays(x: list[float], size: list[int], charge: list[float]) -> dict[str, NDArray[Any]]:
    """Return a snapshot of agents that this picture draws."""
    return {"x": np.array(x), "size": np.array(size), "charge": np.array(charge)}
