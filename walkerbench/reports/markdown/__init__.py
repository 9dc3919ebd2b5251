"""Markdown: a summary for GitHub."""
