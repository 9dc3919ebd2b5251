"""The server binds its address before anything is run, or the command says why it cannot."""

from __future__ import annotations

import json
import multiprocessing
import socket
import urllib.error
import urllib.request

import pytest

from walkerbench.errors import UsageError
from walkerbench.running.run_control import RunControl
from walkerbench.serving.access import Access
from walkerbench.serving.address import Address
from walkerbench.serving.server import bound_socket
from walkerbench.serving.server_process import server_process

HERE = "127.0.0.1"


def test_the_server_is_a_process_that_ends_with_the_block() -> None:
    before = multiprocessing.active_children()
    with server_process(Address(HERE, 0, None), RunControl()) as (serving, _):
        (server,) = set(multiprocessing.active_children()) - set(before)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{serving.url}healthz", timeout=10)
        with refused.value as answer:
            assert (answer.code, json.load(answer)["error"]) == (503, "the run has not started")
    assert multiprocessing.active_children() == before
    assert server.exitcode == 0  # it ended by itself, and was not killed after a wait
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(serving.url, timeout=10)


def test_an_address_that_cannot_be_served_raises_in_the_caller() -> None:
    with socket.create_server((HERE, 0)) as other, pytest.raises(UsageError, match="another program uses the port"):
        server_process(Address(HERE, other.getsockname()[1], None), RunControl()).__enter__()


def test_a_port_that_is_used_is_refused() -> None:
    with socket.create_server((HERE, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"^cannot serve at {HERE}, port {port}: another program uses the port"):
            bound_socket(HERE, port).__enter__()


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("203.0.113.1", "cannot serve at 203.0.113.1, port 2322: this machine does not have the address"),
        ("no-such-host.invalid", "no-such-host.invalid is not an address of this machine: "),
        ("", "give an address of this machine"),
        ("0.0.0.0", "0.0.0.0 stands for every address of this machine: give the address that clients use"),
        ("::", ":: stands for every address of this machine"),
    ],
)
def test_an_address_of_another_machine_is_refused(host: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"^{says}"):
        bound_socket(host, 2322).__enter__()


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1", ("127.0.0.1:2322", "[::1]:2322", "localhost:2322")),
        ("localhost", ("localhost:2322", "127.0.0.1:2322", "[::1]:2322")),
        ("::1", ("[::1]:2322", "127.0.0.1:2322", "localhost:2322")),
        ("192.0.2.7", ("192.0.2.7:2322",)),
    ],
)
def test_the_hosts_that_a_request_may_name(host: str, names: tuple[str, ...]) -> None:
    access = Access.to(host, 2322, None)
    assert (access.hosts, access.url) == (names, f"http://{names[0]}/")


def test_the_default_port_is_left_out_of_allowed_hosts() -> None:
    assert Access.to("192.0.2.7", 80, None).hosts == ("192.0.2.7",)


def test_random_tokens_differ() -> None:
    assert len({Access.to(HERE, 80, None).token for _ in range(3)}) == 3
