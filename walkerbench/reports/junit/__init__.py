"""Results as JUnit XML, for CI systems."""
