"""A script that starts worker processes, prints their process ids, and does not stop them."""

from __future__ import annotations

import sys

from toy_workload import ToyWorkload, WorkerFault

from walkerbench.running.training_environment import TrainingEnvironment

environments: list[TrainingEnvironment] = []  # keeps the environments alive until Python exits


def main(how: str) -> None:
    """Exit without stopping the workers, or wait to be killed: with idle workers, or with one that hangs in a frame."""
    worker_faults = (WorkerFault("hang", 0, 1),) if how == "hung" else ()
    environment = TrainingEnvironment(mode="process", num_workers=2, workload=ToyWorkload(worker_faults=worker_faults))
    environments.append(environment)
    environment.start()
    environment.step()
    sys.stdout.write(f"{' '.join(map(str, environment.worker_pids()))}\n")
    sys.stdout.flush()
    if how == "hung":
        environment.step()
    if how == "idle":
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
