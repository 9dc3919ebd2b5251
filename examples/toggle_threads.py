"""Switch threads on and off from another thread, while frames are run.

Run it from this folder:

    python toggle_threads.py
"""

import threading
import time

from walkerbench import TrainingEnvironment


def toggle_often(environment: TrainingEnvironment) -> None:
    """Toggle four times; each call takes effect between two frames."""
    for _ in range(4):
        time.sleep(0.2)
        environment.toggle_threading()


with TrainingEnvironment(num_agents=12, mode="threaded", num_workers=2) as environment:
    toggler = threading.Thread(target=toggle_often, args=(environment,))
    toggler.start()
    while toggler.is_alive():
        environment.step()
    toggler.join()
    for frame, mode in environment.toggles:
        print(f"from frame {frame}: {mode}")
    ratio = environment.get_threading_performance()["speedup_ratio"]
    print(f"threads are {ratio:.2f} times as fast as no threads")
