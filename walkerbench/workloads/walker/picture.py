"""The picture of walkers: robots, terrain and food."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.picture import AgentDetail, Drawing, Picture, Scenery, SnapshotArrays
from walkerbench.workloads.walker.arrays import Floats
from walkerbench.workloads.walker.kernels.records import KINDS, OBSERVATION
from walkerbench.workloads.walker.settings import GENES, WalkerSettings
from walkerbench.workloads.walker.shape import FOREARM_CORNERS, Shape
from walkerbench.workloads.walker.terrain import Ground

_RIM = np.linspace(0.25, 2 * math.pi - 0.25, 12)
_WHEEL = np.array([*zip(np.cos(_RIM), np.sin(_RIM), strict=True), (0.0, 0.0)])  # a notch shows how it turns
_BOX = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
_FOREARM = np.array(FOREARM_CORNERS)
_HIT = {number / 2 - 0.5: kind for number, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class WalkerPicture(Picture):
    """Robots on their terrain.

    Attributes:
        settings: Every number of the environment.
        ground: The terrain.
    """

    settings: WalkerSettings
    ground: Ground

    def scenery(self) -> Scenery:
        """Return the ground with its obstacles."""
        x = self.ground.x_min + self.ground.resolution * np.arange(len(self.ground.heights))
        return Scenery(
            ground=np.stack([x, self.ground.heights], axis=1),
            boxes=self.ground.boxes,
            levels=("energy", "health"),
            scores=("distance_m", "meals", "mean_reward"),
        )

    def drawing(self, arrays: SnapshotArrays) -> Drawing:
        """Return every robot; the places of interest are those of food."""
        bodies, updates = arrays["bodies"], arrays["updates"]
        scores = (
            bodies[:, 0, 0] - self.ground.starts,
            arrays["meals"],
            arrays["reward_sum"] / np.maximum(updates, 1),
        )
        food = arrays["food"]
        return Drawing(
            poses=bodies,
            shapes=arrays["life"],
            levels=np.stack([arrays["energy"], arrays["health"]], axis=1),
            scores=np.stack(scores, axis=1),
            places=food[np.isfinite(food[:, 0])],
        )

    def outlines(self, arrays: SnapshotArrays, agent: int) -> tuple[NDArray[np.float64], ...]:
        """Return the outlines of chassis, wheels, upper arm and forearm, by the agent's genome."""
        shape = Shape.of(self.settings.robot, arrays["genome"][agent : agent + 1])
        size = {name: float(getattr(shape, name)[0]) for name in shape.__dataclass_fields__}
        wheel = _WHEEL * size["wheel_radius"]
        half = size["upper_length"] / 2
        return (
            _box(size["chassis_half_width"], size["chassis_half_height"]),
            wheel,
            wheel,
            _box(half, size["upper_half_width"], centre=half),
            _FOREARM * (size["lower_length"], size["lower_half_width"]),
        )

    def detail(self, arrays: SnapshotArrays, agent: int) -> AgentDetail:
        """Return a robot's state, action, senses and genome, and its rays as it last sensed them."""
        senses = dict(zip(OBSERVATION, arrays["senses"][agent].tolist(), strict=True))
        shoulder, elbow = arrays["action"][agent].tolist()
        return AgentDetail(
            figures={
                "state": {
                    "energy": float(arrays["energy"][agent]),
                    "health": float(arrays["health"][agent]),
                    "life": int(arrays["life"][agent]),
                    "meals": int(arrays["meals"][agent]),
                    "last_reward": float(arrays["reward"][agent]),
                    "epsilon": float(arrays["epsilon"][agent]),
                    "loss": float(arrays["loss"][agent]),
                },
                "action": {"shoulder_speed": shoulder, "elbow_speed": elbow},
                "senses": senses,
                "genome": dict(zip(GENES, arrays["genome"][agent].tolist(), strict=True)),
            },
            rays=self._rays(senses),
            target=_nearest(arrays["bodies"][agent, 0, :2], arrays["food"]),
        )

    def _rays(self, senses: dict[str, float]) -> tuple[tuple[float, float, str], ...]:
        length = self.settings.senses.ray_length_m
        return tuple(
            (math.radians(angle), senses[f"ray{ray}_distance"] * length, _HIT.get(senses[f"ray{ray}_class"], "nothing"))
            for ray, angle in enumerate(self.settings.senses.ray_angles_deg)
        )


def _box(half_width: float, half_height: float, centre: float = 0.0) -> Floats:
    corners: Floats = _BOX * (half_width, half_height) + (centre, 0.0)
    return corners


def _nearest(place: Floats, food: Floats) -> tuple[float, float] | None:
    """Return the place of the source nearest to a robot; None where the robot is dead or every source was eaten."""
    distance = np.hypot(*(food - place).T)
    if not np.isfinite(distance).any():
        return None
    x, y = food[np.nanargmin(distance)].tolist()
    return x, y
