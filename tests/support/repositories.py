"""Real git repositories for tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false")


def git(directory: Path, *words: str) -> str:
    """Run git in a directory, and return what it prints."""
    done = subprocess.run(["git", *IDENTITY, "-C", str(directory), *words], check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape").strip()


def make_repository(directory: Path, **files: str) -> str:
    """Make a repository with files of these names (`name="text"` is `name.py`) and return its commit."""
    directory.mkdir(parents=True, exist_ok=True)
    git(directory, "init", "--quiet")
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "-m", "first")
    return git(directory, "rev-parse", "HEAD")
