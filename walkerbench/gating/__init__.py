"""The gate for CI: judges the candidate's runs by their criteria, and compares the candidate with a base."""
