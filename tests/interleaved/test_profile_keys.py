from __future__ import annotations

from typing import Any

from walkerbench.interleaved.profile_keys import fitted, known_keys
from walkerbench.profile.loading import load_profile
from walkerbench.profile.table import profile_from_dict


def test_the_keys_of_a_profile_are_dotted() -> None:
    known = known_keys("walker")
    assert {"workload", "mode", "stages", "faults.stall_frames", "environment.brain.batch_size"} <= set(known)
    assert len(known) == len(set(known)) > 100


def test_a_reader_that_knows_every_key_gets_every_key(tiny: Any) -> None:
    profile = tiny(faults={"stall_frames": {"3": 0.5}})
    assert fitted(profile, known_keys("walker")) == profile.as_dict()


def test_unknown_keys_are_left_out_where_they_have_their_default(tiny: Any) -> None:
    profile = tiny(seed=9, faults={"stall_frames": {"3": 0.5}})
    plain = fitted(profile, ())
    # Values that differ from the defaults are kept, so that the reader refuses them; empty sections are left out.
    assert plain["seed"] == 9
    assert plain["faults"] == {"stall_frames": {"3": 0.5}}
    assert "mode" not in plain
    assert "environment" not in plain
    assert profile_from_dict(plain) == profile


def test_an_unknown_key_is_kept_where_it_is_not_the_default(tiny: Any) -> None:
    known = set(known_keys("walker")) - {"environment.brain.batch_size"}
    assert "batch_size" not in fitted(load_profile("default"), known)["environment"]["brain"]
    assert fitted(load_profile("bottleneck"), known)["environment"]["brain"]["batch_size"] == 288
