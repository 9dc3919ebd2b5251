"""Plain functions.

Run one from this folder:

    walkerbench ab . . --workload function:functions:parse
    walkerbench run --workload function:functions:count_primes --workload-argument below=5000
"""

import json

TEXT = json.dumps([{"name": f"robot {number}", "joints": list(range(number % 20))} for number in range(200)])


def parse() -> list[dict[str, object]]:
    """Parse a JSON text, which takes about a quarter of a millisecond."""
    result: list[dict[str, object]] = json.loads(TEXT)
    return result


def count_primes(below: int = 1000) -> int:
    """Count the primes below a number."""
    sieve = bytearray([1]) * below
    for number in range(2, int(below**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, below, number)))
    return sum(sieve) - 2
