"""The simulated lamp stays on when its client dies, and remembers when it was switched."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sim.lamp import Lamp, read
from sim.lamplink import LampLink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT = """
import sys, time
from sim.lamplink import LampLink
link = LampLink(sys.argv[1])
assert link.switch(True)
print("on", flush=True)
time.sleep(60)
"""


@contextmanager
def lamp(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.lamp", *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, f"127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    finally:
        process.kill()
        process.communicate()


def ask(address: str, *lines: str) -> list[str]:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), 5) as wire, wire.makefile("rw") as file:
        answers = []
        for line in lines:
            file.write(f"{line}\n")
            file.flush()
            answers.append(file.readline().strip())
        return answers


def test_it_does_as_it_is_told_and_counts(tmp_path: Path) -> None:
    record = tmp_path / "lamp.jsonl"
    with lamp("--record", str(record)) as (_, address):
        before_s = time.monotonic()
        said = ask(address, "STATE", "on", "ON", "STATE", "OFF", "STATE", "dim")
        assert said == ["OFF 0", "ON", "ON", "ON 1", "OFF", "OFF 2", "?"]
    events = read(record)
    assert [(e["state"], e["count"]) for e in events] == [("ON", 1), ("OFF", 2)]
    assert before_s <= events[0]["monotonic_s"] <= events[1]["monotonic_s"] <= time.monotonic()
    assert events[0]["utc"].endswith("+00:00")


def test_it_stays_on_when_its_client_is_killed(tmp_path: Path) -> None:
    with lamp() as (_, address):
        client = subprocess.Popen(
            [sys.executable, "-c", CLIENT, address], stdout=subprocess.PIPE, text=True
        )
        assert client.stdout is not None
        assert client.stdout.readline() == "on\n"
        client.send_signal(signal.SIGKILL)
        client.communicate()
        time.sleep(0.2)
        assert ask(address, "STATE") == ["ON 1"]


def test_it_ends_with_its_owner() -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with lamp("--owner", str(owner.pid)) as (process, address):
        assert ask(address, "STATE") == ["OFF 0"]
        owner.kill()
        owner.wait()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("lamp_", "said", "on"),
    [
        (Lamp(None, deaf=1), [None, "OFF"], False),
        (Lamp(None, stuck=True), ["OFF", "OFF"], True),
        (Lamp(None), ["OFF", "OFF"], False),
    ],
    ids=["deaf once", "stuck", "well"],
)
def test_it_can_be_out_of_order(lamp_: Lamp, said: list[str | None], on: bool) -> None:
    assert lamp_.obey("ON") == "ON"
    assert [lamp_.obey("OFF"), lamp_.obey("OFF")] == said
    assert lamp_.on is on


def test_the_link_lays_a_new_wire_when_it_was_cut_and_holds_nobody_up() -> None:
    with lamp() as (_, address):
        link = LampLink(address)
        assert link.switch(True)
        assert link._wire is not None
        link._wire.close()
        assert link.switch(False)
        assert ask(address, "STATE") == ["OFF 2"]
        assert link.missed == 0
    began = time.monotonic()
    assert not link.switch(True)
    assert link.missed == 1
    assert time.monotonic() - began < 3
    link.close()


def test_switching_is_cheap() -> None:
    with lamp() as (_, address):
        link = LampLink(address)
        link.switch(True)
        began = time.monotonic()
        for i in range(200):
            assert link.switch(bool(i % 2))
        assert (time.monotonic() - began) / 200 < 0.02  # 0.1 ms on an idle machine
        link.close()
