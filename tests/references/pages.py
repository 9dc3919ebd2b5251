"""Every generated page, by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.references import columns, commands, exit_codes, layers, metrics, profile_keys, promises

ROOT = Path(__file__).parents[2]

PAGES: Mapping[str, Callable[[], str]] = {
    module.PATH: module.page for module in (commands, profile_keys, metrics, exit_codes, columns, layers, promises)
}
"""Path in the project → what returns the page's text."""
