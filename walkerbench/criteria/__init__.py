"""Limits on one run: their grammar, the metrics that they name, and how a run is judged by them."""
