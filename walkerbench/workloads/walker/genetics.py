"""Draws, crosses and mutates genomes: bounded multipliers of a robot's default measures."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.arrays import Floats
from walkerbench.workloads.walker.settings import GENES, GenomeSettings
from walkerbench.workloads.walker.streams import Stream, agent_stream


def founding_genomes(settings: GenomeSettings, num_agents: int, seed: int) -> Floats:
    """Return the genomes of the first generation, `(agents, genes)`: normally distributed about 1, within bounds."""
    drawn = np.stack(
        [agent_stream(seed, agent, 0, Stream.MORPHOLOGY).normal(size=len(GENES)) for agent in range(num_agents)]
    )
    return _bounded(settings, 1.0 + settings.initial_deviation * drawn)


def offspring(settings: GenomeSettings, mother: Floats, father: Floats, rng: np.random.Generator) -> Floats:
    """Return a child's genome `(genes,)`: each gene from one of the parents, sometimes mutated."""
    child = np.where(rng.random(len(GENES)) < 0.5, mother, father)
    mutated = rng.random(len(GENES)) < settings.mutation_share
    return _bounded(settings, child + mutated * rng.normal(0.0, settings.mutation_deviation, len(GENES)))


def _bounded(settings: GenomeSettings, genomes: Floats) -> Floats:
    low, high = np.array(settings.bounds).T
    bounded: Floats = np.minimum(np.maximum(genomes, low), high)
    return bounded
