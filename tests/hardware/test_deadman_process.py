"""Real processes: whatever happens to the ward, the lamp is off in time; the record tells why."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from agent.bench.deadman import WardProcess
from agent.bench.deadman_lamp import LampProcess
from hardware.deadman import process
from hardware.deadman.account import last_alarm
from hardware.deadman.record import Record, over, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IN_TIME_S = 2.0  # promised
ANNOUNCED_S = 0.3


@pytest.fixture
def lamp(tmp_path: Path) -> Iterator[LampProcess]:
    with LampProcess(tmp_path) as lamp:
        yield lamp


@pytest.fixture
def ward(lamp: LampProcess, tmp_path: Path) -> Iterator[Callable[..., WardProcess]]:
    """Starts wards; each has the lamp and a record."""
    with contextlib.ExitStack() as held:

        def start(**settings: object) -> WardProcess:
            record = tmp_path / "dead_man.jsonl"
            return held.enter_context(WardProcess(lamp.address, record, **settings))

        yield start


def finish(ward: WardProcess) -> dict[str, dict[str, Any]]:
    """The dead-man's events by name (the last of each), once it has ended."""
    until = time.monotonic() + 10
    while not over(ward.record):
        assert time.monotonic() < until, read(ward.record)
        time.sleep(0.01)
    return {event["event"]: event for event in read(ward.record)}


# --------------------------------------------------------------------------- the ward goes wrong


def kill(ward: WardProcess) -> float:
    return ward.send(signal.SIGKILL)


def stop(ward: WardProcess) -> float:
    return ward.send(signal.SIGSTOP)


def keep_interpreter(ward: WardProcess) -> float:
    ward.tell("stuck 20")
    return time.monotonic()


def say_not_alive(ward: WardProcess) -> float:
    ward.tell("deaf")
    return time.monotonic()


def raise_error(ward: WardProcess) -> float:
    ward.tell("fail")
    return time.monotonic()


def leave(ward: WardProcess) -> float:
    assert ward.process.stdin is not None
    ward.process.stdin.close()  # its main thread ends without a bye
    ward.process.stdin = None
    return time.monotonic()


WRONG: dict[str, tuple[Callable[[WardProcess], float], str]] = {
    "killed": (kill, "gone"),
    "stopped": (stop, "silent"),
    "keeps the interpreter": (keep_interpreter, "silent"),
    "says itself that it hangs": (say_not_alive, "silent"),
    "an exception nobody caught": (raise_error, "gone"),
    "ends without a bye": (leave, "gone"),
}


@pytest.mark.parametrize(("wrong", "cause"), WRONG.values(), ids=WRONG)
def test_the_lamp_is_off_in_time(
    lamp: LampProcess,
    ward: Callable[..., WardProcess],
    wrong: Callable[[WardProcess], float],
    cause: str,
) -> None:
    one = ward()
    assert one.tell("lit 60") == "lit"
    assert lamp.on
    off_s = lamp.off_after_s(wrong(one))
    assert off_s is not None and off_s < IN_TIME_S
    events = finish(one)
    assert events["alarm"]["cause"] == cause
    assert events["dark"]["not_confirmed"] == []
    assert events["dark"]["ward_gone"] is True
    assert one.process.wait(5) is not None  # nothing is left that could open the shutter again


def test_light_longer_than_announced_ends_it(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward()
    one.tell(f"lit {ANNOUNCED_S}")
    off_s = lamp.off_after_s(time.monotonic() + ANNOUNCED_S)
    assert off_s is not None and off_s < IN_TIME_S
    events = finish(one)
    assert events["alarm"]["cause"] == "overdue"
    assert one.process.wait(5) == -signal.SIGKILL


def test_a_ward_that_closes_its_overdue_light_itself_lives_on(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward()
    one.tell("own")
    one.tell(f"lit {ANNOUNCED_S}")
    off_s = lamp.off_after_s(time.monotonic() + ANNOUNCED_S)
    assert off_s is not None and off_s < IN_TIME_S
    time.sleep(1.0)
    assert one.tell("dark").startswith("light was on 1.")  # and who asked for the image hears it
    assert one.tell("dark") == "dark"
    assert one.tell("check") == "well"


def test_light_within_its_announcement_is_nobodys_business(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward(grace_s=0.2)
    for _ in range(2):
        one.tell("lit 0.4")
        time.sleep(0.3)
        assert lamp.on
        assert one.tell("dark") == "dark"
        time.sleep(0.3)
    assert one.tell("lit 3") == "lit"
    time.sleep(1.5)
    assert lamp.on
    assert one.tell("dark") == "dark"
    assert one.tell("bye") == "bye True"
    assert list(finish(one)) == ["watching", "bye"]


def test_a_bye_with_light_on_is_no_end_in_order(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward()
    one.tell("lit 60")
    since_s = time.monotonic()
    assert one.tell("bye") == "bye True"
    off_s = lamp.off_after_s(since_s)
    assert off_s is not None and off_s < IN_TIME_S
    assert one.process.wait(5) == 0  # it goes its way
    assert finish(one)["alarm"]["cause"] == "left_on"


def test_a_ward_that_hangs_in_the_dark_is_ended_later(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward(silence_dark_s=2.0)
    one.tell("dark")
    stop(one)
    time.sleep(1.3)
    assert process.started(one.process.pid)
    assert finish(one)["alarm"]["what"].endswith("in the dark")
    assert one.process.wait(5) == -signal.SIGKILL


def test_a_child_that_keeps_the_pipe_open_hides_no_death(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward(silence_s=10.0)  # it is not the silence that tells
    child = int(one.tell("fork"))
    try:
        one.tell("lit 60")
        off_s = lamp.off_after_s(kill(one))
        assert off_s is not None and off_s < IN_TIME_S
    finally:
        os.kill(child, signal.SIGKILL)


def test_the_end_of_the_whole_process_group_does_not_reach_it(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward()
    one.tell("lit 60")
    dead_man = int(one.tell("dead_man"))
    assert os.getsid(dead_man) == dead_man != os.getsid(one.process.pid)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(dead_man, number)
    time.sleep(0.3)
    assert one.tell("check") == "well"
    assert int(one.tell("dead_man")) == dead_man


def test_it_keeps_no_pipe_of_its_ward_but_its_own(
    ward: Callable[..., WardProcess],
) -> None:
    one = ward()
    mine = psutil.Process(int(one.tell("dead_man"))).pid

    def pipes(pid: int) -> set[str]:
        links = (str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
        return {link for link in links if link.startswith(("pipe:", "socket:"))}

    assert len(pipes(mine)) == 2
    theirs = {str(Path(f"/proc/{one.process.pid}/fd/{fd}").readlink()) for fd in (0, 1)}
    assert not pipes(mine) & theirs


def test_every_configured_way_is_used_and_told_of(
    lamp: LampProcess, ward: Callable[..., WardProcess], tmp_path: Path
) -> None:
    (tmp_path / "lamp.cfg").write_text(
        "Property,Core,Initialize,0\nDevice,Lamp,DemoCamera,DShutter\n"
        "Property,Core,Initialize,1\nProperty,Lamp,State,1\n"
    )
    tcp = {"kind": "tcp", "address": lamp.address, "send": "OFF\n", "expect": "OFF"}
    own = {"kind": "micro_manager", "mm_config": str(tmp_path / "lamp.cfg"), "shutters": ["Lamp"]}
    program = {"kind": "command", "argv": [sys.executable, "-c", "print('off')"], "expect": "off"}
    one = ward(switches=[tcp, own, program])
    one.tell("lit 60")
    off_s = lamp.off_after_s(kill(one))
    assert off_s is not None and off_s < IN_TIME_S  # the slow ones hold up nobody
    finish(one)
    off = {event["switch"] for event in read(one.record) if event.get("off")}
    assert off == {f"tcp {lamp.address}", f"micro_manager {own['mm_config']}"} | {
        f"command {sys.executable}"
    }
    account = last_alarm(one.record)
    assert account is not None
    assert (account.cause, account.dark, account.switches) == ("gone", True, 3)
    assert account.ward == one.process.pid


# --------------------------------------------------------------------- the dead-man goes wrong


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_dead_man_that_is_gone_is_replaced_and_the_new_one_knows_of_the_light(
    lamp: LampProcess, ward: Callable[..., WardProcess], number: int
) -> None:
    one = ward()
    one.tell("lit 60")
    first = int(one.tell("dead_man"))
    os.kill(first, number)
    until = time.monotonic() + 10
    while int(one.tell("dead_man")) == first or one.tell("check") != "well":
        assert time.monotonic() < until
        time.sleep(0.01)
    assert process.started(first) == ""  # a stopped one is ended
    assert lamp.on  # its death costs no exposure
    off_s = lamp.off_after_s(kill(one))
    assert off_s is not None and off_s < IN_TIME_S
    one.process.wait(5)
    one.heard()
    word = "ended (signal 9)" if number == signal.SIGKILL else "does not answer"
    assert [news for news in one.news if word in news and "started again as process" in news]


def test_a_dead_man_that_dies_again_and_again_is_given_up_and_no_light_goes_on(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward()
    until = time.monotonic() + 30
    while "could not be started again" not in one.tell("check"):
        assert time.monotonic() < until
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(one.tell("dead_man")), signal.SIGKILL)
        time.sleep(0.02)
    refused = one.tell("lit 5")
    assert refused.startswith("refused: light (limit: nobody would switch it off: the dead-man has")
    assert "nothing was sent" in refused
    assert not lamp.on
    assert one.tell("restart") == "restart"  # a person wants it again
    assert one.tell("lit 5") == "lit"
    one.tell("dark")


def test_an_exposure_waits_for_a_dead_man_that_is_just_being_replaced(
    lamp: LampProcess, ward: Callable[..., WardProcess]
) -> None:
    one = ward()
    for pause_s in (0.0, 0.02, 0.04, 0.08):
        first = int(one.tell("dead_man"))
        os.kill(first, signal.SIGKILL)
        time.sleep(pause_s)
        assert one.tell("lit 60") == "lit"
        one.tell("dark")
        until = time.monotonic() + 10
        while int(one.tell("dead_man")) == first or one.tell("check") != "well":
            assert time.monotonic() < until


# --------------------------------------------------------------------------- the lamp and the disk


def test_a_lamp_that_does_not_hear_at_once_is_told_again(
    tmp_path: Path,
) -> None:
    record = tmp_path / "dead_man.jsonl"
    with LampProcess(tmp_path, "--deaf", "2") as lamp, WardProcess(lamp.address, record) as one:
        one.tell("lit 60")
        since_s = kill(one)
        assert lamp.off_after_s(since_s) is not None
        tries = [e for e in read(record) if e["event"] == "switch"]
        finish(one)
    assert [e["off"] for e in tries][:2] == [False, False]


@pytest.mark.parametrize("record", ["/dev/full", "/nowhere/at/all.jsonl"])
def test_a_record_that_cannot_be_written_keeps_no_light_on(lamp: LampProcess, record: str) -> None:
    code, off_s = _direct(lamp, lamp.address, Path(record), 60.0)
    assert off_s is not None and off_s < IN_TIME_S
    assert code == 0


def test_a_lamp_that_cannot_be_reached_is_said_to_be_on(lamp: LampProcess, tmp_path: Path) -> None:
    record = tmp_path / "dead_man.jsonl"
    code, _ = _direct(lamp, "127.0.0.1:9", record, 1.0)
    assert code == 1
    last = read(record)[-1]
    assert (last["event"], last["not_confirmed"]) == ("not_dark", ["tcp 127.0.0.1:9"])


def test_without_a_switch_nobody_claims_that_it_is_dark(lamp: LampProcess, tmp_path: Path) -> None:
    code, _ = _direct(lamp, None, tmp_path / "r.jsonl", 1.0)
    assert code == 1
    assert read(tmp_path / "r.jsonl")[-1]["event"] == "not_dark"


def _direct(
    lamp: LampProcess, address: str | None, record: Path, keep_trying_s: float
) -> tuple[int, float | None]:
    """The dead-man by itself, its ward killed with the lamp on; exit code and when it was off."""
    import socket

    host, _, port = lamp.address.rpartition(":")
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(b"ON\n")
        wire.recv(10)
    ward = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    command = [sys.executable, "-m", "hardware.deadman", "--pid", str(ward.pid)]
    dead_man = subprocess.Popen(
        [*command, "--record", str(record)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert dead_man.stdin is not None and dead_man.stdout is not None
    tcp = {"kind": "tcp", "address": address, "send": "OFF\n", "expect": "OFF", "timeout_s": 1.0}
    hello = {
        "silence_s": 30.0,
        "silence_dark_s": 30.0,
        "grace_s": 1.0,
        "keep_trying_s": keep_trying_s,
        "switches": [tcp] if address else [],
    }
    dead_man.stdin.write(json.dumps(hello).encode() + b"\n")
    dead_man.stdin.flush()
    assert "ready" in json.loads(dead_man.stdout.readline())
    dead_man.stdin.write(b'{"beat": 1, "light_until_s": 60}\n')
    dead_man.stdin.flush()
    assert json.loads(dead_man.stdout.readline()) == {"seen": 1}
    since_s = time.monotonic()
    ward.kill()
    ward.wait()
    dead_man.wait(20)
    dead_man.communicate()
    return dead_man.returncode, lamp.off_after_s(since_s, 0.2)


@pytest.mark.parametrize("hello", [b"", b"no JSON\n", b'{"silence_s": 1}\n'])
def test_a_first_line_that_makes_no_sense_ends_it_and_nobody_else(
    hello: bytes, tmp_path: Path
) -> None:
    ward = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hardware.deadman", "--pid", str(ward.pid)],
            input=hello,
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, b"")
        assert ward.poll() is None
    finally:
        ward.kill()
        ward.wait()


def test_a_number_that_is_somebody_elses_by_now_is_not_killed() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        began = process.started(other.pid)
        assert began and process.alive(other.pid, began)
        assert not process.kill(other.pid, "earlier")
        assert not process.kill(other.pid, "")
        assert other.poll() is None
        assert process.kill(other.pid, began)
        assert process.wait_gone(other.pid, began, 5.0)  # dead, though nobody asked for its code
        assert other.wait(5) == -signal.SIGKILL
        assert process.started(other.pid) == ""
    finally:
        other.kill()
        other.wait()


def test_it_starts_with_the_standard_library_alone() -> None:
    code = "import sys; old = set(sys.modules); import hardware.deadman.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = {name.split(".")[0] for name in loaded}
    foreign = ours - sys.stdlib_module_names - {"hardware", "__main__"}
    assert not {name for name in foreign if not name.startswith("_")}, foreign


def test_lines_that_could_not_be_written_come_once_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    record = Record(folder / "r.jsonl")
    record.write("watching", ward=1)
    time.sleep(0.2)
    folder.mkdir()
    record.write("alarm", cause="gone")
    assert record.close(5.0)
    assert [event["event"] for event in read(folder / "r.jsonl")] == ["watching", "alarm"]


def test_a_line_cut_short_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"event": "watching"}\n{"event": "al', encoding="utf-8")
    record = Record(path)
    record.write("dark")
    assert record.close(5.0)
    assert [event["event"] for event in read(path)] == ["watching", "dark"]
    assert over(path)
