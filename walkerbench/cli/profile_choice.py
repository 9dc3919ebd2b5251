"""The profile that a command line asks for."""

from __future__ import annotations

from dataclasses import dataclass

from walkerbench.cli.other_copies import note_other_copies
from walkerbench.cli.output import users_code_runs
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override


@dataclass(frozen=True)
class ProfileChoice:
    """A profile, and the parts of it that the user replaces.

    Attributes:
        name: A shipped profile's name, or the path of a TOML file.
        overrides: The parts to replace.
    """

    name: str
    overrides: ProfileOverrides

    def load(self) -> Profile:
        """Return the profile with the parts replaced, and note on stderr other copies of its workload's code.

        Raises:
            ProfileError: The profile does not exist, or is wrong.
            OverrideError: A replaced part is wrong.
            CriterionError: A criterion cannot be parsed, or names a figure that is not measured.
        """
        with users_code_runs():
            profile = override(load_profile(self.name), self.overrides)
        note_other_copies(profile.code_packages()[1:])
        return profile
