"""The generated pages are current, and everything that they list is explained."""

from __future__ import annotations

import re
from functools import cache

import click
import pytest

import walkerbench
from tests.references import columns, commands, exit_codes, layers, metrics, profile_keys
from tests.references.default_profile import explained_keys
from tests.references.docstrings import first_line, members_of
from tests.references.pages import PAGES, ROOT
from tests.test_architecture import ARROWS
from walkerbench.cli.group import walkerbench as command_line
from walkerbench.criteria.metrics import RUN_METRICS
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.errors import ExitCode

needs_docs = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not part of the wheel")

PARAMETERS = [
    (name, option.opts[0], option)
    for name, command in command_line.commands.items()
    for option in command.params
    if isinstance(option, click.Option)
]
KEYS = profile_keys.profile_keys()
UNITS = {
    "_percent": "%",
    "_kg_m2": "kg/m²",
    "_m_s2": "m/s²",
    "_rad_s": "rad/s",
    "_m_s": "m/s",
    "_n_m": "N·m",
    "_deg": "degrees",
    "_rad": "rad",
    "_m": "m",
    "_s": "s",
}
"""Ending of a key's name → its unit; the first that fits counts."""


@cache
def written(path: str) -> str:
    """The text of a generated page, as the code has it now."""
    return PAGES[path]()


def is_a_sentence(text: str) -> bool:
    """Whether a text ends like a sentence and has several words."""
    return text.endswith(".") and len(text.split()) >= 2


@needs_docs
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == written(path), "run python -m tests.references"


@needs_docs
def test_every_generated_page_says_how_it_is_made() -> None:
    for path in PAGES:
        assert "`python -m tests.references` writes" in " ".join(written(path).split())


@needs_docs
def test_no_document_names_another_command_for_a_page() -> None:
    texts = [page.read_text(encoding="utf-8") for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))]
    named = {name for text in texts for name in re.findall(r"python -m tests\.(\w+)", text)}
    assert named <= {"benchmarks", "plain_english", "references"}
    assert "references" in named


@pytest.mark.parametrize("name", command_line.commands)
def test_every_command_has_a_question_on_the_page(name: str) -> None:
    assert re.search(rf"^\| \[{name}\]\(#walkerbench-{name}\) \| [A-Z].+\? \|$", written(commands.PATH), re.MULTILINE)


@pytest.mark.parametrize(("name", "flag", "option"), PARAMETERS, ids=[f"{name}{flag}" for name, flag, _ in PARAMETERS])
def test_every_option_has_a_sentence_on_the_page(name: str, flag: str, option: click.Option) -> None:
    assert is_a_sentence(option.help or "")
    section = written(commands.PATH).partition(f"\n## walkerbench {name}\n")[2].partition("\n## ")[0]
    (row,) = [line for line in section.splitlines() if re.match(rf"\| `{flag}[ `]", line)]
    assert (option.help or "").replace("|", r"\|") in row


@pytest.mark.parametrize("key", KEYS, ids=[f"{key.section}.{key.name}" for key in KEYS])
def test_every_profile_key_is_explained(key: profile_keys.Key) -> None:
    explained = key.explained
    assert explained is not None
    assert len(explained.meaning.split()) >= 3
    assert f"| `{key.name}` |" in written(profile_keys.PATH).partition(f"{key.section}]")[2]


def test_nothing_but_keys_is_explained_in_the_reference_profile() -> None:
    known = {(key.section, key.name) for key in KEYS}
    assert set(explained_keys()) <= known


@pytest.mark.parametrize("key", KEYS, ids=[f"{key.section}.{key.name}" for key in KEYS])
def test_a_key_has_the_unit_that_its_name_says(key: profile_keys.Key) -> None:
    expected = next((unit for ending, unit in UNITS.items() if key.name.endswith(ending)), "")
    assert key.explained is not None
    assert key.explained.unit == ("" if "_per_" in key.name else expected)


def test_every_metric_of_a_run_is_on_the_page() -> None:
    explained = {
        *(f"{name}.{statistic}" for name in metrics.durations() for statistic in STATISTICS),
        *RUN_METRICS,
        *metrics.counters(),
    }
    assert explained == set(metrics.metrics_of_walkers())
    facts = {**metrics.durations(), **RUN_METRICS, **metrics.counters()}
    for name, each in facts.items():
        assert f"| `{name}` | {each.unit} | {each.meaning} |" in written(metrics.PATH)
        assert len(each.meaning.split()) >= 2
    assert all(is_a_sentence(each.meaning) for each in [*RUN_METRICS.values(), *metrics.counters().values()])


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_a_sentence(code: ExitCode) -> None:
    meaning = members_of(ExitCode)[code.name]
    assert is_a_sentence(meaning)
    assert f"| `{code.value}` | `{code.name}` | {meaning} |" in written(exit_codes.PATH)


@pytest.mark.parametrize("error", exit_codes.error_kinds())
def test_every_error_has_a_sentence(error: type) -> None:
    assert is_a_sentence(first_line(error))


@pytest.mark.parametrize("array", ["frames", "workers", "cpu", "digests"])
def test_every_column_has_a_row_in_its_order(array: str) -> None:
    described = columns.columns_of(array)
    assert [name for column in described for name in column.names] == list(columns.recorded_columns(array))
    assert all(len(column.meaning.split()) >= 3 for column in described)


@pytest.mark.parametrize("room", ARROWS)
def test_every_package_has_a_line_on_the_page_of_layers(room: str) -> None:
    assert layers.first_line_of(room)
    assert re.search(
        rf"^\| \d+ \| `{room}` \| {re.escape(layers.first_line_of(room))} \|", written(layers.PATH), re.MULTILINE
    )


@pytest.mark.parametrize("name", [name for name in walkerbench.__all__ if name != "__version__"])
def test_every_exported_name_has_a_sentence(name: str) -> None:
    assert is_a_sentence(first_line(getattr(walkerbench, name)))
