"""Checks whether the machine is fit for measuring: reads facts of the system, and judges each."""
