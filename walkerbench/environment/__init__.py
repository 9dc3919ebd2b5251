"""The walker, the built-in workload: knows no clock, mode or file."""
