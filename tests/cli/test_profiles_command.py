from __future__ import annotations

from typing import Any

from walkerbench.profile.loading import list_profiles


def test_profiles_lists_and_explains_every_profile(command: Any) -> None:
    ended = command("profiles")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [p.name for p in list_profiles()]
    words = " ".join(ended.out.split())
    for profile in list_profiles():
        assert " ".join(profile.description.split()) in words
        assert ", ".join(map(str, profile.criteria)) in words
    assert "30 agents for 1200 frames → 60 agents for 1200 frames → 120 agents for 1200 frames" in words
    assert "60 agents for 3600 s; warm-up 240 frames; mode sequential; pace realtime" in words
    assert "→ 60 agents for 9000 frames at pace max →" in words
    assert max(map(len, lines)) <= 80
