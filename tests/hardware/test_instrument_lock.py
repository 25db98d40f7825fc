"""Two processes never have one instrument; one that died holds nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hardware.data import Refusal, Rule
from hardware.instrument_lock import InstrumentLock, hold, identities, lock_folder
from hardware.mmconfig import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("file:/scope.cfg", "port:COM3")
HOLDER = """
import sys, time
from pathlib import Path
from hardware.instrument_lock import hold
folder, names = Path(sys.argv[1]), sys.argv[2].split(",")
lock = hold(names, "microscout run plan.yaml", what="Ti2", folder=folder)
print(type(lock).__name__, flush=True)
time.sleep(60)
"""


def start(folder: Path, names: tuple[str, ...] = NAMES) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), ",".join(names)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "InstrumentLock\n"
    return process


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    if process.returncode is None:
        process.send_signal(number)
        process.communicate()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the instrument."""
    process = start(tmp_path)
    yield process
    end(process)


def take(folder: Path, names: tuple[str, ...] = NAMES) -> InstrumentLock | Refusal:
    return hold(names, "microscout serve", what="Ti2", folder=folder)


def test_a_second_process_is_refused_and_told_who_has_it(
    other: subprocess.Popen[str], tmp_path: Path
) -> None:
    refused = take(tmp_path)
    assert isinstance(refused, Refusal)
    assert refused.rule is Rule.HELD
    said = f"one process at a time; process {other.pid} (`microscout run plan.yaml`, since "
    assert refused.limit.startswith(said)
    assert "nothing was sent" in str(refused)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_died_holds_nothing(
    other: subprocess.Popen[str], tmp_path: Path, number: int
) -> None:
    end(other, number)
    lock = take(tmp_path)
    assert isinstance(lock, InstrumentLock)
    lock.close()


def test_one_name_in_common_is_enough_and_nothing_stays_locked_after_a_refusal(
    other: subprocess.Popen[str], tmp_path: Path
) -> None:
    refused = take(tmp_path, ("aaa:first", "port:COM3", "zzz:last"))
    assert isinstance(refused, Refusal)
    for name in ("aaa:first", "zzz:last"):
        lock = take(tmp_path, (name,))
        assert isinstance(lock, InstrumentLock), name
        lock.close()
    with take(tmp_path, ("port:COM4",)):  # type: ignore[union-attr]
        pass


def test_a_lock_given_back_is_free_and_names_nobody(tmp_path: Path) -> None:
    lock = take(tmp_path)
    assert isinstance(lock, InstrumentLock)
    assert isinstance(take(tmp_path), Refusal)  # not even for this process a second time
    lock.close()
    lock.close()
    assert {path.read_text() for path in tmp_path.iterdir()} == {""}
    again = take(tmp_path)
    assert isinstance(again, InstrumentLock)
    again.close()


def test_a_forked_child_does_not_keep_the_lock_of_its_dead_parent(tmp_path: Path) -> None:
    code = HOLDER.replace(
        "time.sleep(60)", "import os\nif os.fork() == 0:\n    time.sleep(8)\n    os._exit(0)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), ",".join(NAMES)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert process.wait(10) == 0  # the child lives on
        lock = take(tmp_path)
        assert isinstance(lock, InstrumentLock)
        lock.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)


LEFT = {
    "garbage": b"\x00\xff not json",
    "a dead process": b'[999999999, "1", "2026-01-01 00:00:00", "microscout run"]',
    "another shape": b'{"pid": 1}',
    "nothing": b"",
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_what_an_earlier_holder_left_is_not_taken_for_the_present_one(
    left: bytes, tmp_path: Path
) -> None:
    lock = take(tmp_path, ("one",))
    assert isinstance(lock, InstrumentLock)
    (path,) = tmp_path.iterdir()
    path.write_bytes(left)
    refused = take(tmp_path, ("one",))
    assert isinstance(refused, Refusal)
    assert "another process has it" in refused.limit
    lock.close()


def test_a_folder_that_cannot_be_written_is_a_refusal_not_a_free_instrument(tmp_path: Path) -> None:
    refused = take(tmp_path / "missing")
    assert isinstance(refused, Refusal)
    assert "no lock can be made" in refused.limit
    assert "MICROSCOUT_LOCKS" in refused.remedy


def test_a_link_laid_in_its_place_is_not_followed(tmp_path: Path) -> None:
    lock = take(tmp_path, ("one",))
    assert isinstance(lock, InstrumentLock)
    lock.close()
    (path,) = tmp_path.iterdir()
    path.unlink()
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    path.symlink_to(precious)
    assert isinstance(take(tmp_path, ("one",)), Refusal)
    assert precious.read_text() == "keep me"


def test_locks_are_the_same_for_every_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MICROSCOUT_LOCKS", raising=False)
    assert lock_folder().stat().st_mode & stat.S_IWOTH
    monkeypatch.setenv("MICROSCOUT_LOCKS", str(tmp_path))
    assert lock_folder() == tmp_path
    old = os.umask(0o077)
    try:
        lock = hold(("one",), "x", what="Ti2")
        assert isinstance(lock, InstrumentLock)
        (path,) = tmp_path.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        lock.close()
    finally:
        os.umask(old)


SCOPE = """\
Property,Core,Initialize,0
Device,COM3,SerialManager,COM3
Device,Stage,Prior,XYStage
Device,Camera,HamamatsuHam,HamamatsuHam_DCAM
Property,Stage,Port,COM3
Property,Core,Initialize,1
"""


def test_the_same_instrument_in_another_file_is_the_same_instrument(tmp_path: Path) -> None:
    one, two, other, demo = (tmp_path / f"{i}.cfg" for i in range(4))
    one.write_text(SCOPE)
    two.write_text("# my copy\n" + SCOPE)
    other.write_text(SCOPE.replace("COM3", "COM4"))
    demo.write_text("Device,Camera,DemoCamera,DCam\n")
    first, copy, second = (set(identities(parse(path))) for path in (one, two, other))
    assert len(first) == 3
    assert first & copy == {name for name in first if not name.startswith("file:")}
    assert "port:COM3" in first
    assert not first & second
    assert identities(parse(demo)) == ()


def test_an_instrument_that_is_pretended_is_free_for_all(tmp_path: Path) -> None:
    first, second = take(tmp_path, ()), take(tmp_path, ())
    assert isinstance(first, InstrumentLock) and isinstance(second, InstrumentLock)
    assert list(tmp_path.iterdir()) == []


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    code = HOLDER.replace("time.sleep(60)", "time.sleep(3)")
    many = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), ",".join(NAMES)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    began = time.monotonic()
    said = sorted(process.communicate()[0].strip() for process in many)
    assert time.monotonic() - began < 60
    assert said == ["InstrumentLock"] + ["Refusal"] * 5
