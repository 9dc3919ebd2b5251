"""Genomes stay within their bounds, and children have their parents' genes."""

from __future__ import annotations

import numpy as np
import pytest

from walkerbench.workloads.walker.genetics import founding_genomes, offspring
from walkerbench.workloads.walker.settings import GENES, GenomeSettings

LOW, HIGH = np.array(GenomeSettings().bounds).T


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_founders_differ_within_the_bounds() -> None:
    genomes = founding_genomes(GenomeSettings(), 200, seed=1)
    assert genomes.shape == (200, len(GENES))
    assert (genomes >= LOW).all()
    assert (genomes <= HIGH).all()
    # Normally distributed about 1 with a deviation of 0.1; the bounds are two and three deviations away.
    np.testing.assert_allclose(genomes.mean(axis=0), 1.0, atol=0.03)
    np.testing.assert_allclose(genomes.std(axis=0), 0.1, atol=0.02)


def test_wild_founders_are_cut_to_the_bounds() -> None:
    genomes = founding_genomes(GenomeSettings(initial_deviation=1e6), 40, seed=1)
    assert set(np.unique(genomes)) == set(LOW) | set(HIGH)


def test_a_founder_depends_only_on_seed_and_number() -> None:
    few, many = founding_genomes(GenomeSettings(), 3, seed=1), founding_genomes(GenomeSettings(), 9, seed=1)
    np.testing.assert_array_equal(few, many[:3])
    assert not np.array_equal(few, founding_genomes(GenomeSettings(), 3, seed=2))
    assert len(np.unique(many)) == many.size


def test_without_mutation_every_gene_is_of_one_parent() -> None:
    mother, father = np.full(len(GENES), 0.9), np.full(len(GENES), 1.1)
    children = np.array(
        [offspring(GenomeSettings(mutation_share=0.0), mother, father, source) for source in [rng()] * 400]
    )
    assert set(np.unique(children)) == {0.9, 1.1}
    np.testing.assert_allclose((children == 0.9).mean(axis=0), 0.5, atol=0.1)


def test_a_fifth_of_the_genes_is_mutated_by_a_twentieth() -> None:
    one, source = np.ones(len(GENES)), rng()
    change = np.array([offspring(GenomeSettings(), one, one, source) for _ in range(2000)]) - 1
    mutated = change != 0
    assert mutated.mean() == pytest.approx(0.2, abs=0.01)
    assert change[mutated].std() == pytest.approx(0.05, abs=0.002)


def test_children_of_extreme_parents_stay_within_the_bounds() -> None:
    source = rng()
    wild = GenomeSettings(mutation_share=1.0, mutation_deviation=0.5)
    children = np.array([offspring(wild, LOW, HIGH, source) for _ in range(300)])
    assert (children >= LOW).all()
    assert (children <= HIGH).all()
    assert (children == LOW).any()
    assert (children == HIGH).any()
