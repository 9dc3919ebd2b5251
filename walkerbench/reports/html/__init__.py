"""Recorded runs as one HTML page that needs nothing else, not even a network."""
