"""The walker workload: what the walker environment declares to the modes that run it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from walkerbench.workloads.contract import Field, FrameBuffers, Workload
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.walker.counters import ECOSYSTEM_COUNTERS, SHARD_COUNTERS
from walkerbench.workloads.walker.kernels.records import BODIES, OBSERVATION_SIZE
from walkerbench.workloads.walker.memory import bytes_per_walker
from walkerbench.workloads.walker.settings import GENES, WalkerSettings
from walkerbench.workloads.walker.terrain import Ground, build_ground

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from walkerbench.workloads.walker.ecosystem import Ecosystem
    from walkerbench.workloads.walker.picture import WalkerPicture
    from walkerbench.workloads.walker.shard import WalkerShard


@dataclass(frozen=True)
class WalkerWorkload(Workload):
    """Box2D robots with learning brains; picklable.

    Attributes:
        num_agents: How many agents.
        seed: The seed of every random stream.
        settings: The walker's settings.
    """

    num_agents: int
    seed: int = 1
    settings: WalkerSettings = field(default_factory=WalkerSettings)

    name = "walker"
    settings_class = WalkerSettings
    phases = ("agents", "physics")
    main_phase = MainPhase("agents", "agent processing")
    settle_phase = "ecosystem"
    counters = (*SHARD_COUNTERS, *ECOSYSTEM_COUNTERS)
    frame_counters = ("ai_updates", "physics_only", "immobilised", "learned", "replaced")
    event_counters = ("replaced",)
    digest_fields = ("bodies", "brain", "state")
    default_criteria = (
        "frame_ms.max < 200",
        "agent_processing_ms.max < 200",
        "emergency_shutdowns == 0",
        "physics_fps > 400",
    )
    """The criteria of the threading guide, see docs/guide.md."""

    def frames_per_second(self) -> float:
        """Return the frames in a second of simulated time."""
        return self.settings.physics.frames_per_second

    def resource_limits(self) -> dict[str, float]:
        """Return the greatest number of bodies, the ground of each world included."""
        return {"bodies": self.settings.limits.bodies}

    def bytes_per_agent(self) -> int:
        """Return the bytes of one agent: its brain with replay, its world, and its share of the memory of learning."""
        return bytes_per_walker(self.settings, self.num_agents)

    def fields(self) -> tuple[Field, ...]:
        """Return the arrays that cross shards.

        ==================== ========================================================================
        current              position (2) m, speed m/s, reward_sum, updates and stored experiences of this
                             life, epsilon, loss; bodies in its world, at checkpoints
        published            position (2) m, infinite where dead; energy, health, alive, life, genome,
                             meals of all lives, whether it learns in the next frame;
                             food `(sources, 2)` m, infinite where eaten
        ==================== ========================================================================
        """
        return (
            Field("current", "position", "float64", (2,)),
            Field("current", "speed", "float64"),
            Field("current", "reward_sum", "float64"),
            Field("current", "updates", "int64"),
            Field("current", "epsilon", "float64"),
            Field("current", "loss", "float64"),
            Field("current", "stored", "int64"),
            Field("current", "bodies", "int64"),
            Field("published", "position", "float64", (2,)),
            Field("published", "energy", "float64"),
            Field("published", "health", "float64"),
            Field("published", "alive", "bool"),
            Field("published", "life", "int64"),
            Field("published", "genome", "float64", (len(GENES),)),
            Field("published", "meals", "int64"),
            Field("published", "learns", "bool"),
            Field("published", "food", "float64", (self.settings.ecosystem.food_sources, 2), per_agent=False),
        )

    def snapshot_fields(self) -> tuple[Field, ...]:
        """Return the arrays for where each body is, and each agent's last observation, action and reward.

        ======== =======================================================================================
        bodies   float64 `(agents, 5, 3)`: x (m), y (m) and angle (rad) of the chassis, both wheels, the
                 upper arm and the lower arm; NaN where the agent is destroyed
        senses   float32 `(agents, 29)`, in the order of `OBSERVATION`
        action   float64 `(agents, 2)`: speeds of shoulder and elbow, as shares of the motors' speed
        reward   float64 `(agents,)`
        ======== =======================================================================================
        """
        return (
            Field("snapshot", "bodies", "float64", (BODIES, 3)),
            Field("snapshot", "senses", "float32", (OBSERVATION_SIZE,)),
            Field("snapshot", "action", "float64", (2,)),
            Field("snapshot", "reward", "float64"),
        )

    def picture(self) -> WalkerPicture:
        """Return the picture that draws robots on their terrain."""
        from walkerbench.workloads.walker.picture import WalkerPicture

        return WalkerPicture(self.settings, self._ground)

    # Imported where they are used, because compiled code takes long to load, and most commands run nothing.

    def make_settler(self, buffers: FrameBuffers) -> Ecosystem:
        """Return the ecosystem, which publishes the state for the first frame; compile what is not yet compiled."""
        from walkerbench.workloads.walker.ecosystem import Ecosystem
        from walkerbench.workloads.walker.kernels.compiling import telling_of_compilation

        with telling_of_compilation(_tell_of_compilation):
            ecosystem = Ecosystem(self.settings, self._ground, self.seed, buffers)
            # A shard of one agent, for what it compiles: in the parent, because worker processes would all compile
            # the same.
            self.make_shard(0, 1, buffers, 0)
        return ecosystem

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> WalkerShard:
        """Return the shard of agents `lo:hi`."""
        from walkerbench.workloads.walker.shard import WalkerShard

        return WalkerShard(self.settings, self._ground, self.seed, lo, hi, buffers, worker)

    def remarks(self, buffers: FrameBuffers) -> tuple[str, ...]:
        """Return in which phases the GIL was held, and why."""
        from walkerbench.workloads.walker.box2d_memory import find_box2d

        held, refusal = self.settings.hold_gil, find_box2d().refusal
        asked = [f"hold_gil: the GIL was held in {' and '.join(held)}"] if held else []
        forced = [f"Box2D was called through Python, which holds the GIL: {refusal}"] if refusal else []
        return (*asked, *forced)

    @cached_property
    def _ground(self) -> Ground:
        return build_ground(self.settings.terrain, self.num_agents, self.seed)


def _tell_of_compilation() -> None:
    _LOG.warning("compiling the walker, once on this machine: this takes about 15 s")
