"""A run under a sampling profiler: where its workers' time goes. It knows no workload."""
