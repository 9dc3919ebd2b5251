"""Turns recorded runs and results into text: one file per format. Nothing here measures, judges or prints."""
