"""The measures of robots, from their genomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walkerbench.workloads.walker.arrays import Floats
from walkerbench.workloads.walker.settings import GENES, RobotSettings

FOREARM_CORNERS = ((0.0, -1.0), (0.7, -0.6), (1.0, 0.0), (0.7, 0.6), (0.0, 1.0))
"""The forearm's outline, starting at the elbow: x in lengths, y in half-widths of the forearm."""


@dataclass(frozen=True)
class Shape:
    """Measures of robots, from their genomes; every attribute is `(robots,)` float64, in m unless it says otherwise."""

    chassis_half_width: Floats
    chassis_half_height: Floats
    chassis_density: Floats
    friction: Floats
    wheel_x: Floats
    wheel_y: Floats
    wheel_radius: Floats
    anchor_x: Floats
    anchor_y: Floats
    upper_length: Floats
    upper_half_width: Floats
    lower_length: Floats
    lower_half_width: Floats
    motor_speed: Floats
    motor_torque: Floats

    @classmethod
    def of(cls, robot: RobotSettings, genomes: Floats) -> Shape:
        """Multiply the defaults by the genes.

        Args:
            robot: The unmutated robot.
            genomes: `(robots, genes)`, columns as in `GENES`.
        """
        gene = {name: np.ascontiguousarray(genomes[:, column]) for column, name in enumerate(GENES)}
        scale = gene["scale"]
        return cls(
            chassis_half_width=robot.chassis_half_width_m * scale,
            chassis_half_height=robot.chassis_half_height_m * scale,
            chassis_density=robot.chassis_density_kg_m2 * gene["chassis_density"],
            friction=gene["friction"],
            wheel_x=robot.wheel_offset_x_m * scale * gene["wheel_spread"],
            wheel_y=robot.wheel_offset_y_m * scale,
            wheel_radius=robot.wheel_radius_m * scale * gene["wheel_radius"],
            anchor_x=robot.arm_anchor_x_m * scale,
            anchor_y=robot.arm_anchor_y_m * scale,
            upper_length=2 * robot.upper_arm_half_length_m * scale * gene["arm_length"],
            upper_half_width=robot.upper_arm_half_width_m * scale * gene["arm_width"],
            lower_length=robot.lower_arm_length_m * scale * gene["forearm_length"],
            lower_half_width=robot.lower_arm_half_width_m * scale * gene["arm_width"],
            motor_speed=robot.motor_speed_rad_s * gene["motor_speed"],
            motor_torque=robot.motor_torque_n_m * gene["torque"],
        )

    def put(self, row: int, other: Shape) -> None:
        """Overwrite one robot's shape with that of `other`, which has one robot."""
        for name in self.__dataclass_fields__:
            getattr(self, name)[row] = getattr(other, name)[0]
