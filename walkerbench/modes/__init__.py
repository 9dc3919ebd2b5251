"""Where a shard runs, and nothing else."""
