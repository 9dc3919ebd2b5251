"""Holds a workload against the contract: child processes that run it in several ways, and what their results show."""
