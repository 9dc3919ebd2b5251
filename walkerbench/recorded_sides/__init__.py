"""Compares recorded runs: groups them into sides, checks that the sides may be compared, and judges them."""
