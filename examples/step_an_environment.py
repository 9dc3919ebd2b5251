"""Step an environment yourself, in two modes.

Run it from this folder:

    python step_an_environment.py
"""

from walkerbench import TrainingEnvironment

FRAMES = 60


def run(mode: str) -> tuple[float, bytes | None]:
    """Return the mean time of a frame, ms, and the digest of all agents after the last frame."""
    with TrainingEnvironment(num_agents=12, mode=mode, num_workers=2, seed=1) as environment:
        times_ms = [environment.step().wall_ns / 1e6 for _ in range(FRAMES)]
        return sum(times_ms) / FRAMES, environment.checkpoint()


if __name__ == "__main__":  # each worker process imports this file
    sequential_ms, sequential_digest = run("sequential")
    process_ms, process_digest = run("process")
    print(f"sequential: {sequential_ms:.2f} ms a frame")
    print(f"process:    {process_ms:.2f} ms a frame")
    print(f"same work:  {sequential_digest == process_digest}")
