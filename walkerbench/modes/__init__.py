"""Where a shard runs, and nothing else: sequential, threaded, process, and whatever the registry holds beside them."""
