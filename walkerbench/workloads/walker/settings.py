"""Settings of the walker training environment: every number, with its default and its allowed range.

Units are in the names; lengths are in metres, and angles that a user writes in degrees. The file
`profiles/default.toml` has the same keys and values, and explains each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from annotated_types import Interval, Len
from pydantic import BeforeValidator

from walkerbench.workloads.contract import SAME_WORK

Length = Annotated[float, Interval(ge=0.1, le=5)]
"""Length of a part of a robot, m."""
Offset = Annotated[float, Interval(ge=-5, le=5)]
"""Offset of a part of a robot from another part, m."""
Density = Annotated[float, Interval(ge=0.02, le=50)]
"""kg/m²."""
Friction = Annotated[float, Interval(ge=0, le=10)]
"""Coefficient of friction."""
Gene = Annotated[float, Interval(ge=0.5, le=2)]
"""Bound of a gene, a multiplier."""
Range = tuple[Gene, Gene]
GroundPlace = Annotated[float, Interval(ge=-5000, le=5000)]
"""Place along the ground, or height, m."""
Reach = Annotated[float, Interval(ge=0.01, le=1000)]
"""How far something extends, m."""
Scale = Annotated[float, Interval(ge=1e-3, le=1e6)]
"""The value of a quantity that is sensed as 1, in the quantity's unit."""
Rate = Annotated[float, Interval(ge=-1e4, le=1e4)]
"""Reward per unit of a quantity."""
Energy = Annotated[float, Interval(ge=0, le=10)]
"""Amount of energy or health; an agent has at most 1 of each."""
Share = Annotated[float, Interval(ge=0, le=1)]
Speed = Annotated[float, Interval(ge=-1, le=1)]
"""A share of a motor's speed; negative for the other direction."""
Degrees = Annotated[float, Interval(ge=-360, le=360)]
Radians = Annotated[float, Interval(ge=0, le=10)]
SimulatedSeconds = Annotated[float, Interval(ge=0, le=31_622_400)]
"""Simulated time, up to a year."""
Often = Annotated[int, Interval(ge=1, le=1_000_000_000)]
"""Number of frames, updates or steps from one event to the next."""


HeldPhase = Literal["agents", "physics"]
HeldPhases = Annotated[tuple[HeldPhase, ...], BeforeValidator(lambda value: _phases_of(value))]
"""Phases that hold the GIL while they compute; in a profile also `true` for all, and `false` for none."""


@dataclass(frozen=True, kw_only=True)
class PhysicsSettings:
    """Time and Box2D's solver."""

    frames_per_second: Annotated[float, Interval(ge=1, le=1000)] = 60.0
    velocity_iterations: Annotated[int, Interval(ge=1, le=100)] = 8
    position_iterations: Annotated[int, Interval(ge=1, le=100)] = 3
    gravity_m_s2: Annotated[float, Interval(ge=-100, le=100)] = -9.8

    @property
    def dt_s(self) -> float:
        """Simulated time of one frame."""
        return 1.0 / self.frames_per_second


@dataclass(frozen=True, kw_only=True)
class RobotSettings:
    """Geometry and materials of an unmutated robot; the genome multiplies them."""

    chassis_half_width_m: Length = 1.5
    chassis_half_height_m: Length = 0.75
    chassis_density_kg_m2: Density = 4.0
    chassis_friction: Friction = 0.8
    wheel_offset_x_m: Length = 1.0
    wheel_offset_y_m: Offset = -0.75
    wheel_radius_m: Length = 0.5
    wheel_density_kg_m2: Density = 8.0
    wheel_friction: Friction = 0.9
    arm_anchor_x_m: Offset = -1.0
    arm_anchor_y_m: Offset = 1.0
    upper_arm_half_length_m: Length = 1.0
    upper_arm_half_width_m: Length = 0.2
    lower_arm_length_m: Length = 2.0
    lower_arm_half_width_m: Length = 0.15
    arm_density_kg_m2: Density = 0.1
    arm_friction: Friction = 0.6
    shoulder_limits_deg: tuple[Degrees, Degrees] = (-90.0, 90.0)
    elbow_limits_deg: tuple[Degrees, Degrees] = (0.0, 135.0)
    motor_speed_rad_s: Annotated[float, Interval(ge=1e-3, le=100)] = 3.0
    motor_torque_n_m: Annotated[float, Interval(ge=1e-3, le=1e5)] = 150.0

    def __post_init__(self) -> None:
        for name in ("shoulder_limits_deg", "elbow_limits_deg"):
            _ascending(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class GenomeSettings:
    """Bounds of each gene, a multiplier of the robot's default, and how genes are drawn and mutated."""

    scale: Range = (0.8, 1.2)
    arm_length: Range = (0.7, 1.3)
    forearm_length: Range = (0.7, 1.3)
    arm_width: Range = (0.7, 1.3)
    torque: Range = (0.7, 1.3)
    motor_speed: Range = (0.7, 1.3)
    wheel_radius: Range = (0.8, 1.2)
    wheel_spread: Range = (0.8, 1.2)
    chassis_density: Range = (0.7, 1.3)
    friction: Range = (0.7, 1.3)
    initial_deviation: Annotated[float, Interval(ge=0, le=10)] = 0.1
    mutation_share: Share = 0.2
    mutation_deviation: Annotated[float, Interval(ge=0, le=10)] = 0.05

    def __post_init__(self) -> None:
        for name in GENES:
            low, high = getattr(self, name)
            if not 0 < low <= 1 <= high:
                raise ValueError(f"{name}: give bounds with 0 < low <= 1 <= high, not {[low, high]}")

    @property
    def bounds(self) -> tuple[Range, ...]:
        """Bounds of every gene, in the order of `GENES`."""
        return tuple(getattr(self, name) for name in GENES)


GENES = (
    "scale",
    "arm_length",
    "forearm_length",
    "arm_width",
    "torque",
    "motor_speed",
    "wheel_radius",
    "wheel_spread",
    "chassis_density",
    "friction",
)
"""Names of the genes, in the order of a genome's columns."""


@dataclass(frozen=True, kw_only=True)
class TerrainSettings:
    """The ground, its obstacles, and where robots start."""

    style: Literal["flat", "rolling", "rough", "mixed"] = "mixed"
    x_min_m: GroundPlace = -250.0
    x_max_m: GroundPlace = 250.0
    resolution_m: Annotated[float, Interval(ge=0.1, le=1.0)] = 1.0
    friction: Friction = 0.9
    rolling_amplitude_m: Annotated[float, Interval(ge=0, le=100)] = 2.5
    rolling_wavelength_m: Annotated[float, Interval(ge=1, le=10_000)] = 40.0
    rough_deviation_m: Annotated[float, Interval(ge=0, le=10)] = 0.15
    obstacle_spacing_m: Annotated[float, Interval(ge=0.5, le=10_000)] = 24.0
    obstacle_half_width_m: Annotated[float, Interval(ge=0.01, le=2)] = 0.3
    obstacle_half_height_m: Annotated[float, Interval(ge=0.001, le=2)] = 0.15
    obstacle_friction: Friction = 0.9
    start_spacing_m: Annotated[float, Interval(ge=0.01, le=10_000)] = 12.0
    start_margin_m: Annotated[float, Interval(ge=0.01, le=5000)] = 4.0
    start_clearance_m: Annotated[float, Interval(ge=0, le=100)] = 0.2
    fall_limit_m: GroundPlace = -20.0

    def __post_init__(self) -> None:
        width = self.x_max_m - self.x_min_m
        if width < 20 or width > 10_000:
            raise ValueError(f"x_min_m, x_max_m: give a width between 20 and 10000, not {width:g}")
        if 2 * self.start_margin_m >= width:
            raise ValueError(f"start_margin_m: give less than half the width of {width:g}")


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings:
    """When agents think and learn."""

    ai_interval_frames: Often = 4
    learn_interval_updates: Often = 10


@dataclass(frozen=True, kw_only=True)
class SensesSettings:
    """Reach of the senses, and the scale that maps each quantity to -1…1."""

    ray_length_m: Annotated[float, Interval(ge=0.1, le=100)] = 8.0
    ray_angles_deg: Annotated[tuple[Degrees, ...], Len(5, 5)] = (-60.0, -30.0, 0.0, 30.0, 60.0)
    robot_radius_m: Reach = 1.5
    food_radius_m: Reach = 0.5
    contact_slop_m: Annotated[float, Interval(ge=1e-6, le=10)] = 0.03
    joint_speed_scale_rad_s: Scale = 10.0
    displacement_scale_m: Scale = 1.0
    velocity_scale_m_s: Scale = 10.0
    angular_velocity_scale_rad_s: Scale = 10.0
    food_distance_scale_m: Scale = 50.0


ACTIONS = (
    (-1.0, -1.0), (-1.0, 0.0), (-1.0, 1.0),
    (0.0, -1.0), (0.0, 0.0), (0.0, 1.0),
    (1.0, -1.0), (1.0, 0.0), (1.0, 1.0),
    (0.5, -0.5), (-0.5, 0.5), (0.8, -0.2), (-0.8, 0.2), (0.3, 0.7), (-0.3, -0.7),
)  # fmt: skip
"""Default pairs of shoulder and elbow speed: a grid of 3 by 3 and six crawling patterns."""


@dataclass(frozen=True, kw_only=True)
class ActionSettings:
    """What a brain can choose: shoulder and elbow speed as shares of the motors' speed."""

    pairs: Annotated[tuple[tuple[Speed, Speed], ...], Len(2, 255)] = ACTIONS


@dataclass(frozen=True, kw_only=True)
class RewardSettings:
    """What an agent is rewarded for between two AI updates."""

    forward_per_m: Rate = 7.0
    backward_per_m: Rate = -2.0
    nearer_food_per_m: Rate = 2.0
    farther_food_per_m: Rate = -0.5
    meal: Rate = 0.5
    upright: Rate = 0.05
    upright_below_rad: Radians = 0.2
    toppled: Rate = -0.02
    toppled_above_rad: Radians = 1.5
    speed_per_m_s: Rate = 0.1
    speed_above_m_s: Annotated[float, Interval(ge=0, le=1000)] = 0.1
    speed_most: Rate = 0.1
    limit: Annotated[float, Interval(ge=1e-6, le=1e4)] = 1.0


@dataclass(frozen=True, kw_only=True)
class BrainSettings:
    """The dueling double deep Q-network, its exploration, replay and optimiser."""

    hidden_units: Annotated[tuple[Annotated[int, Interval(ge=1, le=8192)], ...], Len(1, 8)] = (128, 128)
    head_units: Annotated[int, Interval(ge=1, le=8192)] = 64
    learning: bool = True
    discount: Share = 0.99
    epsilon_start: Share = 1.0
    epsilon_decay: Share = 0.995
    epsilon_end: Share = 0.01
    replay_capacity: Annotated[int, Interval(ge=2, le=1_000_000)] = 2000
    priority_exponent: Annotated[float, Interval(ge=0, le=2)] = 0.6
    priority_floor: Annotated[float, Interval(ge=1e-12, le=1000)] = 1e-6
    importance_start: Share = 0.4
    importance_step: Share = 0.001
    batch_size: Annotated[int, Interval(ge=1, le=65_536)] = 32
    learn_from_experiences: Annotated[int, Interval(ge=1, le=1_000_000)] = 32
    learning_rate: Annotated[float, Interval(ge=1e-12, le=1)] = 1e-3
    adam_beta1: Annotated[float, Interval(ge=0, le=0.999999)] = 0.9
    adam_beta2: Annotated[float, Interval(ge=0.5, le=0.999999)] = 0.999
    adam_epsilon: Annotated[float, Interval(ge=1e-12, le=1)] = 1e-8
    gradient_norm_limit: Annotated[float, Interval(ge=1e-6, le=1e6)] = 1.0
    target_copy_steps: Often = 50

    def __post_init__(self) -> None:
        if self.learn_from_experiences > self.replay_capacity:
            raise ValueError(
                f"learn_from_experiences: give at most replay_capacity ({self.replay_capacity}), "
                f"not {self.learn_from_experiences}"
            )


IMMOBILE_BELOW_ENERGY = 0.15
"""Energy below which an agent is immobilised, by default."""


@dataclass(frozen=True, kw_only=True)
class EcosystemSettings:
    """Energy, food, health, death, replacement and generations."""

    energy_drain_per_frame: Energy = 1e-4
    energy_drain_per_m_s: Energy = 1e-3
    energy_rest_per_frame: Energy = 2e-4
    energy_per_meal: Energy = 0.3
    energy_start: tuple[Share, Share] = (0.1, 1.0)
    health_start: tuple[Share, Share] = (0.01, 1.0)
    immobile_below_energy: Share = IMMOBILE_BELOW_ENERGY
    starving_below_energy: Share = 0.25
    recovering_above_energy: Share = 0.7
    health_step_per_frame: Energy = 1e-3
    food_sources: Annotated[int, Interval(ge=1, le=100_000)] = 40
    food_start_distance_m: Annotated[float, Interval(ge=0, le=10_000)] = 4.0
    eat_within_m: Reach = 3.0
    food_regrow_s: SimulatedSeconds = 20.0
    generation_s: SimulatedSeconds = 60.0
    generation_share: Share = 0.1
    replacements_per_frame: Annotated[int, Interval(ge=1, le=1_000_000)] = 2
    tournament_size: Annotated[int, Interval(ge=1, le=1000)] = 3

    def __post_init__(self) -> None:
        for name in ("energy_start", "health_start"):
            _ascending(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """Limits beyond which the environment stops itself."""

    bodies: Annotated[int, Interval(ge=1, le=1_000_000_000)] = 100_000


_MOST_POINTS = 20_000_000
"""The most points within reach of rays, summed over all segments of the ground: they take 320 MB per worker."""


@dataclass(frozen=True, kw_only=True)
class WalkerSettings:
    """Every number of the walker training environment, by the section of a profile that holds it."""

    physics: PhysicsSettings = field(default_factory=PhysicsSettings)
    robot: RobotSettings = field(default_factory=RobotSettings)
    genome: GenomeSettings = field(default_factory=GenomeSettings)
    terrain: TerrainSettings = field(default_factory=TerrainSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    senses: SensesSettings = field(default_factory=SensesSettings)
    action: ActionSettings = field(default_factory=ActionSettings)
    reward: RewardSettings = field(default_factory=RewardSettings)
    brain: BrainSettings = field(default_factory=BrainSettings)
    ecosystem: EcosystemSettings = field(default_factory=EcosystemSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    hold_gil: HeldPhases = field(default=(), metadata=SAME_WORK)

    def holds_gil(self, phase: HeldPhase) -> bool:
        """Return whether a phase is to hold the GIL while it computes."""
        return phase in self.hold_gil

    def __post_init__(self) -> None:
        terrain, ray = self.terrain, self.senses.ray_length_m
        segments = (terrain.x_max_m - terrain.x_min_m) / terrain.resolution_m
        if segments * 2 * ray / terrain.resolution_m > _MOST_POINTS:
            most = _MOST_POINTS * terrain.resolution_m / (2 * segments)
            raise ValueError(f"senses.ray_length_m: give at most {most:.3g} on a ground so wide and fine, not {ray:g}")


def _phases_of(value: object) -> object:
    if isinstance(value, bool):
        return get_args(HeldPhase) if value else ()
    return tuple(value) if isinstance(value, list) else value


def _ascending(name: str, bounds: tuple[float, float]) -> None:
    if bounds[0] > bounds[1]:
        raise ValueError(f"{name}: give the lower bound first, not {list(bounds)}")
