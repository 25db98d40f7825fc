"""The parts of a service begin in an order in which a failure costs nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from agent.finding import ConfigError
from agent.service.assembly import serving
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.service import ServiceCore
from agent.web.settings import WebConfig

if TYPE_CHECKING:
    from pathlib import Path


def test_where_the_port_is_taken_the_queue_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of systemd's restarts a runner would load the devices."""
    begun: list[str] = []
    monkeypatch.setattr(ServiceCore, "begin", lambda _: begun.append("queue"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        web = WebConfig(port=taken.getsockname()[1])
        config = ServiceConfig(simulated=SimulatedConfig(), web=web)
        with pytest.raises(ConfigError, match="cannot be used"), serving(Home(tmp_path), config):
            pytest.fail("it serves")
    assert begun == []
