"""Runs recorded before, compared after the fact: what the sides are, whether they may be compared, the comparison."""
