"""Tables and charts for a terminal of 80 columns."""
