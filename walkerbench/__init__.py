"""Measures frame-loop simulations in sequential, threaded and process modes, and judges them."""

__version__ = "0.1.0"
