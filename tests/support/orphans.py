"""A script that starts worker processes, tells their process ids, and waits for its end."""

from __future__ import annotations

import sys

from toy_workload import ToyWorkload

from walkerbench.training import TrainingEnvironment


def main() -> None:
    environment = TrainingEnvironment(mode="process", num_workers=2, workload=ToyWorkload())
    environment.start()
    environment.step()
    sys.stdout.write(f"{' '.join(map(str, environment.worker_pids()))}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
