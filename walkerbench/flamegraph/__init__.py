"""Record a run under a sampling profiler: which functions take its workers' time. It knows no workload."""
