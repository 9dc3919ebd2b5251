from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flipped_walkers
import pytest
from tiny_profile import profile_text

import walkerbench
from walkerbench.interleaved.session import Place, Session
from walkerbench.interleaved.sides import parse_side
from walkerbench.interleaved.worktrees import Checkout, checked_out
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.system.interrupts import InterruptWatch

WARMUP = 4
PACKAGES = ("walkerbench",)

WORKLOAD = """
from flipped_walkers import FlippedWalkers
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload


def make(num_agents, seed, settings):
    return {made}


make.settings_class = WalkerSettings
"""
"""A workload that each revision of the repository brings: the walkers, with the part that a test changes."""

WALKERS = "WalkerWorkload(num_agents, seed, settings)"
FLIPPED = 'FlippedWalkers(num_agents, seed, settings, part="brain", agent=7, frame=2)'
PRINTING = f'(print("a stray print", flush=True), {WALKERS})[1]'


class Repository:
    """A git repository with the package, and revisions of it that differ.

    Args:
        directory: An empty one.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.package = directory / "walkerbench"
        package = Path(walkerbench.__file__).parent
        shutil.copytree(package, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        self.bring_workload(WALKERS)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("main")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.directory, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, tag: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", tag)
        self.git("tag", f"the-{tag}")

    def vary(self, tag: str, change: Callable[[], Any]) -> None:
        """Commit a change under a tag, and go back to main."""
        change()
        self.commit(tag)
        self.git("reset", "--quiet", "--hard", "the-main")

    def append(self, module: str, text: str) -> None:
        path = self.package / module
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def bring_workload(self, made: str) -> None:
        """Make the code of the repository provide the workload `varied`, as an installed package would."""
        shutil.copy(flipped_walkers.__file__, self.directory)
        (self.directory / "varied_walkers.py").write_text(WORKLOAD.format(made=made), encoding="utf-8")
        metadata = self.directory / "varied_walkers-1.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: varied-walkers\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text("[walkerbench.workloads]\nvaried = varied_walkers:make\n")

    def worktrees(self) -> int:
        """Return the number of worktrees, the repository's own included."""
        return len(self.git("worktree", "list", "--porcelain").split("\n\n"))


@pytest.fixture(scope="session")
def made_repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("repository"))
    made.vary("lacking", lambda: shutil.rmtree(made.package / "interleaved"))
    made.vary("crashing", lambda: made.append("running/training_environment.py", "\nimport a_package_of_yesterday\n"))
    made.vary(
        "newer", lambda: made.append("interleaved/protocol.py", "\nHello.__init__.__kwdefaults__['protocol'] = 99\n")
    )
    made.vary("older", lambda: _forget_a_key(made))
    made.vary("printing", lambda: made.bring_workload(PRINTING))
    made.vary("flipped", lambda: made.bring_workload(FLIPPED))
    return made


def _forget_a_key(repository: Repository) -> None:
    safeguards = repository.package / "profile/safeguards.py"
    text = safeguards.read_text(encoding="utf-8")
    # Without its type the attribute is not a field of the dataclass, and therefore not a key.
    without, count = re.subn(r"slow_frames: Annotated\[.*\] =", "slow_frames =", text)
    assert count == 1
    safeguards.write_text(without, encoding="utf-8")


@pytest.fixture
def repository(made_repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return the repository, which is the current directory and provides the workload `varied`."""
    monkeypatch.chdir(made_repository.directory)
    monkeypatch.syspath_prepend(made_repository.directory)
    return made_repository


Tiny = Callable[..., Profile]


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """Return a function that loads the tiny profile with changes."""

    def load(**changes: Any) -> Profile:
        path = tmp_path / "tiny.toml"
        path.write_text(profile_text(**{"warmup": WARMUP, **changes}))
        return load_profile(str(path))

    return load


@pytest.fixture
def here() -> Checkout:
    """Return the code that runs now."""
    with checked_out(None, "here", PACKAGES) as checkout:
        return checkout


@pytest.fixture
def make_session(here: Checkout) -> Callable[..., Session]:
    """Return a function that makes a session, which is not started yet."""

    def make(profile: Profile, text: str = "agents=12", round_number: int = 2, code: Checkout | None = None) -> Session:
        side = parse_side(text, profile)
        return Session(Place(side, code or here, round_number), InterruptWatch())

    return make
