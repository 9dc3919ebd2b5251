"""Words for results, the same for every medium."""
