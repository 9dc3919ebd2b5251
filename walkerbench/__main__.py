"""`python -m walkerbench`."""


def main() -> None: ...
