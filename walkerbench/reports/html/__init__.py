"""Recorded runs and comparisons as one HTML page that needs no other file and no network."""

PAGE_BEGINNING = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="walkerbench">
"""
"""Every page begins with this, so that a page of walkerbench can be told from other HTML."""
