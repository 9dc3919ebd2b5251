"""The memory of a served run does not grow with time, whatever its clients do; the test takes ten minutes."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from whole_process import WholeProcess

CLIENTS = Path(__file__).parents[1] / "support" / "event_clients.py"
MINUTES, EVERY_S = 10, 5.0
COME_AND_GO_S = 30.0
MOST_GROWTH = 1.05


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_stays_flat_with_fifty_clients(tmp_path: Path) -> None:
    serve = ("serve", "--agents", "60", "--mode", "threaded", "--port", "0")
    with WholeProcess(tmp_path, tmp_path).start(*serve) as started:
        address = re.findall(r"http://\S+/", started.wait_for_line("serving http://"))[0]
        leader = psutil.Process(started.process.pid)
        (server,) = [each for each in leader.children() if each.net_connections("tcp")]
        command = [sys.executable, str(CLIENTS), address]
        with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as clients:
            used = measured(leader, server, clients)
    fifth = len(used) // 5  # the first fifth is left out, because arrays of the last minute and caches fill up
    early, late = (np.median(used[part], axis=0) for part in (slice(fifth, 2 * fifth), slice(-fifth, None)))
    assert (late <= MOST_GROWTH * early).all(), (early, late)


def measured(leader: psutil.Process, server: psutil.Process, clients: subprocess.Popen[str]) -> np.ndarray:
    """Return the private memory, bytes, of the run and of the server, every few seconds, while clients come and go."""
    assert clients.stdin is not None
    used, began, said = [], time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < 60 * MINUTES:
        if elapsed >= said * COME_AND_GO_S:
            said += 1
            clients.stdin.write("\n")
            clients.stdin.flush()
        used.append([each.memory_full_info().uss for each in (leader, server)])
        time.sleep(EVERY_S)
    return np.array(used)
