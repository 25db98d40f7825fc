"""Each switch confirms or says what is wrong, in time; one that hangs holds up no other."""

from __future__ import annotations

import contextlib
import http.server
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from hardware.deadman.off import all_off
from hardware.deadman.switches import Command, Http, MicroManager, Tcp, build

if TYPE_CHECKING:
    from collections.abc import Iterator

LAMP_ONLY = """\
Property,Core,Initialize,0
Device,Lamp,DemoCamera,DShutter
Device,Second,DemoCamera,DShutter
Property,Core,Initialize,1
Property,Lamp,State,1
Property,Second,State,1
"""


@contextlib.contextmanager
def answering(*pieces: bytes, pause_s: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A TCP lamp: what it answers, in pieces, and what it got. No pieces: it says nothing."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(10.0)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    wire, _ = door.accept()
                    with wire:
                        got.append(wire.recv(100))
                        for piece in pieces:
                            wire.sendall(piece)
                            time.sleep(pause_s)
                        if not pieces:
                            time.sleep(1.0)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{door.getsockname()[1]}", got


def test_a_tcp_lamp_confirms_even_in_pieces() -> None:
    with answering(b"o", b"k ", b"OFF\r\n", pause_s=0.02) as (address, got):
        assert Tcp(address, "OFF\r\n", "OFF", 2.0).off() is None
    assert got == [b"OFF\r\n"]


TCP_WRONG: dict[str, tuple[tuple[bytes, ...], str]] = {
    "another answer": ((b"ERR 5\r\n",), "answered b'ERR 5"),
    "no answer": ((), "answered b''"),
    "an answer in drops": ((b"x",) * 200, "answered b'xxx"),
    "an answer that never ends": ((b"x" * 1000,) * 100, "answered b'xxx"),
}


@pytest.mark.parametrize(("pieces", "wrong"), TCP_WRONG.values(), ids=TCP_WRONG)
def test_a_tcp_lamp_that_does_not_confirm_is_not_off(pieces: tuple[bytes, ...], wrong: str) -> None:
    with answering(*pieces, pause_s=0.05 if len(pieces) == 200 else 0.0) as (address, _):
        began = time.monotonic()
        said = Tcp(address, "OFF\n", "OFF", 0.3).off()
        assert time.monotonic() - began < 2.0
    assert said is not None and said.startswith(wrong)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


COMMANDS: dict[str, tuple[Command, str | None]] = {
    "exit code 0": (Command(python("pass"), "", 10.0), None),
    "and its output": (Command(python("print('lamp OFF')"), "OFF", 10.0), None),
    "another output": (Command(python("print('ON')"), "OFF", 10.0), "its output does not contain"),
    "exit code 3": (Command(python("exit(3)"), "", 10.0), "exit code 3"),
    "too slow": (Command(python("import time; time.sleep(30)"), "", 0.3), "not over after 0.3 s"),
}


@pytest.mark.parametrize(("switch", "wrong"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_confirms_by_exit_code_and_output(switch: Command, wrong: str | None) -> None:
    said = switch.off()
    assert said is None if wrong is None else (said or "").startswith(wrong)


class _Relay(http.server.BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[str, str, bytes, str | None]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.got.append(("POST", self.path, body, self.headers.get("Authorization")))
        self.send_response(302 if "moved" in self.path else 200)
        self.send_header("Location", "/off")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def relay() -> Iterator[str]:
    _Relay.got = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def web(url: str, **changes: Any) -> Http:
    given: dict[str, Any] = {
        "method": "POST",
        "body": "",
        "headers": {},
        "expect_status": 200,
        "timeout_s": 2.0,
    }
    return Http(url=url, **(given | changes))


def test_http_confirms_by_status_and_sends_what_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody's business between us
    with relay() as url:
        switch = web(
            f"{url}/relay?turn=off", body="off", headers={"Authorization": "Bearer s3cret"}
        )
        assert switch.off() is None
        moved = web(f"{url}/moved").off()
    assert _Relay.got[0] == ("POST", "/relay?turn=off", b"off", "Bearer s3cret")
    assert moved == "status 302"  # not followed: who knows what is there
    assert len(_Relay.got) == 2
    assert "s3cret" not in repr(switch) and "turn" not in switch.label


def test_micro_manager_closes_the_lamps_shutters_in_a_process_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "lamp_only.cfg"
    config.write_text(LAMP_ONLY, encoding="utf-8")
    switch = MicroManager(str(config), ("Lamp", "Second"), 20.0)
    switch.warm_up()
    waiting = switch._child
    assert waiting is not None
    assert switch.off() is None
    assert waiting.poll() is not None
    assert switch.off() is None  # a fresh one, without having been warmed up
    wrong = MicroManager(str(config), ("Lamp", "Laser"), 20.0).off()
    assert wrong is not None and wrong.startswith("not closed: Laser (")


def test_a_micro_manager_that_was_not_needed_goes(tmp_path: Path) -> None:
    switch = MicroManager(str(tmp_path / "none.cfg"), ("Lamp",), 20.0)
    switch.warm_up()
    child = switch._child
    assert child is not None
    switch.let_go()
    assert child.poll() is not None
    child.stdin.close() if child.stdin else None
    child.stdout.close() if child.stdout else None


@pytest.mark.parametrize("said", [{"kind": "wish"}, {"kind": "tcp"}, {}])
def test_a_section_that_is_no_switch_is_an_error(said: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        build(said)


class Fake:
    """A switch that does what its script says: None, a text, an exception, or seconds to hang."""

    def __init__(self, label: str, *script: Any, timeout_s: float = 0.2) -> None:
        self.label, self.timeout_s, self.script = label, timeout_s, list(script)
        self.tries = 0

    def warm_up(self) -> None: ...

    def let_go(self) -> None: ...

    def off(self) -> str | None:
        self.tries += 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            time.sleep(step)
            return None
        assert step is None or isinstance(step, str)
        return step


def test_every_switch_is_used_at_once_and_again_until_it_confirms() -> None:
    switches = [
        Fake("hangs", 30.0),
        Fake("raises", ConnectionRefusedError("refused"), "busy", None),
        Fake("good", None),
        Fake("never", "no"),
    ]
    told: list[tuple[str, int, str | None]] = []
    times: dict[str, float] = {}
    began = time.monotonic()

    def tell(label: str, tries: int, wrong: str | None) -> None:
        told.append((label, tries, wrong))
        times.setdefault(label, time.monotonic() - began)

    left = all_off(switches, 1.5, tell)
    assert left == ("hangs", "never")
    assert times["good"] < 0.2  # of a hang of 30 s beside it
    assert [w for label, _, w in told if label == "raises"] == [
        "ConnectionRefusedError: refused",
        "busy",
        None,
    ]
    assert next(w for label, _, w in told if label == "hangs") == "no answer within 0.2 s"
    assert 3 <= switches[3].tries <= 8  # with rests that grow
    assert time.monotonic() - began < 6.0


def test_nothing_to_switch_is_nothing_left_on() -> None:
    assert all_off([], 60.0, lambda *_: None) == ()
