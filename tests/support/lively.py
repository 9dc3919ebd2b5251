"""An environment so small and so busy that every counter is above 0 within a few hundred frames."""

from __future__ import annotations

from walkerbench.workloads.walker.settings import BrainSettings, EcosystemSettings, TerrainSettings, WalkerSettings

LIVELY_AGENTS = 20
LIVELY_FRAMES = 600
"""Every counter is above 0 within so many frames of so many agents, for each of `LIVELY_SEEDS`."""

LIVELY_SEEDS = (1, 2, 3)

LIVELY = WalkerSettings(
    # Starts are 3 m apart, so that neighbours compete for the same food; the outermost are beside the ground's edge.
    terrain=TerrainSettings(x_min_m=-30.0, x_max_m=30.0, start_margin_m=1.5, start_spacing_m=3.0, fall_limit_m=-6.0),
    brain=BrainSettings(learn_from_experiences=8, target_copy_steps=4),
    ecosystem=EcosystemSettings(food_sources=6, food_regrow_s=1.0, generation_s=3.0, health_step_per_frame=3e-3),
)
