"""Writes every generated page: `python -m tests.references`."""

from __future__ import annotations

from tests.references.pages import PAGES, ROOT

if __name__ == "__main__":
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")
