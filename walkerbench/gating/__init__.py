"""The gate of CI: the candidate's runs, judged by their criteria, and its comparison with a base."""
