from __future__ import annotations

import os
import socket

import pytest

from config.stack.listening import LOOPBACK, Port, PortInUseError, free_port


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_reported_with_its_holder_and_the_way_out(taken):
    port = Port("the web pages", taken, "NEXUS_PORT")

    with pytest.raises(PortInUseError) as caught:
        port.require_free()

    message = str(caught.value)
    assert f"Port {taken}, wanted for the web pages, is in use" in message
    assert f"process {os.getpid()} (" in message
    assert "pytest" in message or "python" in message
    assert f"NEXUS_PORT={taken + 1} make demo" in message


def test_a_free_port_is_accepted():
    Port("the web pages", free_port(), "NEXUS_PORT").require_free()


def test_a_port_only_root_may_open_says_so():
    if os.geteuid() == 0:
        pytest.skip("root may open every port")

    with pytest.raises(PortInUseError, match="below 1024"):
        Port("the web pages", 80, "NEXUS_PORT").require_free()
