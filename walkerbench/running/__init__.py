"""Runs a profile: the training environment, its frame loop, its observers, and the summary of what was recorded."""
