"""Is one side slower than another? Exact tests, verdicts, and advice."""
