"""Runs a profile: the training environment, its frame loop, who looks on, and the summary of what was recorded."""
