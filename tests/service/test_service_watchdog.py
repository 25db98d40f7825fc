"""systemd hears a sign of life only while supervisor and web server work."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from agent.commands import watchdog
from agent.commands.serve import serve
from agent.service.supervisor import Supervisor
from agent.web.shield import Shield

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 30.0
QUIET_S = 0.5  # so long no sign comes: ten would have been due
LIFE = "WATCHDOG=1"


def until(true: Callable[[str], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true(what):
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)


class Systemd:
    """Its end of the socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.bind(str(self.path))

    def hears(self, wanted: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while self._next(end - time.monotonic()) != wanted:
            assert time.monotonic() < end, f"{wanted} does not come"

    def is_left_alone(self) -> None:
        """Signs of life cease."""
        end = time.monotonic() + PATIENCE_S
        while self._next(QUIET_S) != "":
            assert time.monotonic() < end, "the signs of life go on"

    def _next(self, timeout_s: float) -> str:
        self.wire.settimeout(max(timeout_s, 0.01))
        with contextlib.suppress(TimeoutError):
            return self.wire.recv(200).decode()
        return ""


class Held:
    """A place in the code where a thread can be held up."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        self.free.clear()
        try:
            yield
        finally:
            self.free.set()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    monkeypatch.setenv("MICROSCOUT_DATA", str(tmp_path / "data"))
    made = Systemd(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(made.path))
    monkeypatch.setattr(watchdog, "EVERY_S", 0.05)
    monkeypatch.setattr(watchdog, "FRESH_S", 1.0)
    monkeypatch.setattr(watchdog, "ANSWER_S", 1.0)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)
    made.wire.close()


def test_a_service_that_hangs_gives_no_sign_of_life(
    systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, web = Held(), Held()
    said: list[str] = []
    step, let_in = Supervisor.step, Shield._let_in
    failed: list[BaseException] = []

    def slow_step(self: Supervisor) -> None:
        supervisor.free.wait(PATIENCE_S)
        step(self)

    async def slow_let_in(self: Shield, *given: Any) -> None:
        web.free.wait(PATIENCE_S)  # the whole event loop waits
        await let_in(self, *given)

    def check() -> None:
        try:
            systemd.hears("READY=1")
            systemd.hears(LIFE)
            for place, what in ((supervisor, "supervisor has stood"), (web, "does not answer")):
                with place.up():
                    until(lambda what: any(what in text for text in said), what)
                    systemd.is_left_alone()
                systemd.hears(LIFE)
        except BaseException as error:
            failed.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("agent.commands.serve._say", said.append)
    monkeypatch.setattr(Supervisor, "step", slow_step)
    monkeypatch.setattr(Shield, "_let_in", slow_let_in)
    thread = threading.Thread(target=check)
    thread.start()
    assert serve("demo", home=tmp_path / "home", simulated=True, port=0) == 0
    thread.join()
    assert failed == []
    systemd.hears("STOPPING=1")


def test_without_systemd_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setattr(watchdog, "EVERY_S", 0.001)
    over = threading.Event()
    asked: list[str] = []

    def beat() -> float:
        asked.append("beat")
        return 0.0

    threading.Timer(0.1, over.set).start()
    watchdog.keep(over, beat, watchdog.Door("http://127.0.0.1:1", "127.0.0.1"), asked.append)
    assert asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_any_answer_is_one(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            wire, _ = server.accept()
            with wire:
                wire.recv(1000)
                wire.sendall(b"HTTP/1.1 503 busy\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        door = watchdog.Door(f"http://scope.lab.ch:{server.getsockname()[1]}", host)
        assert door.wrong() == ""
        thread.join()
    assert door.wrong() == "the web server does not answer (ConnectionRefusedError)"


def test_why_there_is_no_sign_of_life_is_said_once_for_each_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is asked every few seconds all night."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    monkeypatch.setattr(watchdog, "EVERY_S", 0.0)
    answers = ["does not answer", "does not answer", "", "does not answer", "does not answer"]
    over, said = threading.Event(), list[str]()

    class Door(watchdog.Door):
        def wrong(self) -> str:
            answer = answers.pop(0)
            if not answers:
                over.set()
            return answer

    watchdog.keep(over, time.monotonic, Door("http://127.0.0.1:1", "127.0.0.1"), said.append)
    assert said == ["no sign of life for systemd: does not answer"] * 2


@pytest.mark.parametrize("name", ["\0microscout-test-{}", "{}/plain"], ids=["abstract", "a file"])
def test_systemd_hears_by_either_kind_of_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    address = name.format(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(address)
        wire.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", address.replace("\0", "@"))
        watchdog.tell(LIFE)
        assert wire.recv(100).decode() == LIFE


def test_a_systemd_that_is_gone_or_does_not_read_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(watchdog, "TELL_S", 0.05)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    watchdog.tell(LIFE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(str(tmp_path / "full"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "full"))
        telling = threading.Thread(target=lambda: [watchdog.tell(LIFE) for _ in range(30)])
        telling.daemon = True
        telling.start()
        telling.join(PATIENCE_S)
        assert not telling.is_alive()
