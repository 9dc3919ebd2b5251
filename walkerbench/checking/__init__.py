"""Checks a workload against the contract: child processes run it in several ways, and rules judge the results."""
