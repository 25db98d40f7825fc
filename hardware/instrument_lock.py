"""One process per instrument: locks that the operating system gives back when the process ends."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import stat
import sys
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hardware.data.refusal import Refusal, Rule
from hardware.deadman import process
from hardware.file_lock import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hardware.mmconfig import MMConfig

ENV = "MICROSCOUT_LOCKS"  # another folder for the locks, the same for everybody
PRETENDED = frozenset(("DemoCamera", "Utilities", "SequenceTester", "NotificationTester"))
"""Adapter libraries with no instrument behind them."""

NO_PORT = ("", "Undefined")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the instrument: process id, since when (UTC), with which command."""

    pid: int
    since_utc: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} (`{self.command}`, since {self.since_utc} UTC)"


class InstrumentLock:
    """Held until `close`, or until the process ends."""

    def __init__(self, descriptors: list[int]) -> None:
        self._descriptors = descriptors
        _held.add(self)

    def close(self) -> None:
        """Give the instrument back. May be called twice."""
        while self._descriptors:
            descriptor = self._descriptors.pop()
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)  # nobody holds it: no name may stand there
            os.close(descriptor)

    def forget(self) -> None:
        """In a process that was forked off: its copies would keep the lock when ours ends."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def __enter__(self) -> Self:
        """It is held already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.close()


_held: weakref.WeakSet[InstrumentLock] = weakref.WeakSet()


def _forked() -> None:
    for lock in tuple(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def identities(config: MMConfig) -> tuple[str, ...]:
    """What makes an instrument this one and no other: all of it is locked.

    Its configuration file, each port it uses, and its devices with how they are connected: the
    same instrument described in another file is the same instrument. None for Micro-Manager's
    demo devices, which any number of processes may have.
    """
    devices = [d for d in config.devices.values() if d.library not in PRETENDED]
    if not devices:
        return ()
    labels = {device.label for device in devices}
    wires = [s for s in config.pre_init if s.device in labels]
    ports = {s.value for s in wires if s.prop == "Port" and s.value not in NO_PORT}
    ports |= {d.name for d in devices if d.library == "SerialManager"}
    built = sorted(f"{d.library}/{d.name}" for d in devices)
    built += sorted(f"{s.prop}={s.value}" for s in wires)
    path = os.path.normcase(config.path.resolve())
    return (f"file:{path}", *sorted(f"port:{p}" for p in ports), f"devices:{';'.join(built)}")


def hold(
    names: Iterable[str], command: str, *, what: str, folder: Path | None = None
) -> InstrumentLock | Refusal:
    """Lock everything in `names`, or refuse and say who has it; then nothing is locked.

    `command` is what others read about us, `what` names the instrument in the refusal.
    """
    place = folder or lock_folder()
    descriptors: list[int] = []
    lock = InstrumentLock(descriptors)
    for name in sorted(set(names)):
        path = place / f"microscout-{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
        try:
            descriptor = _open(path)
        except OSError as error:
            lock.close()
            remedy = f"Make {place} writable, or name another folder in {ENV} for everybody."
            limit = f"no lock can be made in {path} ({error.strerror})"
            return Refusal(Rule.HELD, what, limit, remedy)
        if not try_lock(descriptor):
            holder = _holder(descriptor)
            os.close(descriptor)
            lock.close()
            limit = f"one process at a time; {holder or 'another process'} has it"
            return Refusal(Rule.HELD, what, limit, "Wait for it to end, or stop it.")
        descriptors.append(descriptor)
        _write(descriptor, command)
    return lock


def lock_folder() -> Path:
    """One folder for all users of the machine: two of them must not have one instrument at once."""
    if given := os.environ.get(ENV):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", tempfile.gettempdir()))
    for folder in (Path("/run/lock"), Path("/tmp")):
        if _for_everybody(folder):
            return folder
    return Path(tempfile.gettempdir())


def _for_everybody(folder: Path) -> bool:
    """By its mode, not by what this user may do: everybody must come to the same answer."""
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False


def _open(path: Path) -> int:
    """Another user's file may be locked without being written."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
    if path.exists():
        try:
            return os.open(path, os.O_RDWR | flags)
        except PermissionError:
            return os.open(path, os.O_RDONLY | flags)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(descriptor, 0o666)  # whatever the umask
    return descriptor


def _write(descriptor: int, command: str) -> None:
    since_utc = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    said = [os.getpid(), process.started(os.getpid()), since_utc, command[:200]]
    text = json.dumps(said).encode()
    with contextlib.suppress(OSError):  # a full disk, or another user's file: held all the same
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, text)


def _holder(descriptor: int) -> Holder | None:
    """What stands there, if its writer still runs: it may be left from an earlier holder."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        said: Any = json.loads(os.read(descriptor, 4096))
        pid, began, since_utc, command = said
        if not process.alive(int(pid), str(began)):
            return None
        return Holder(int(pid), _clean(str(since_utc)), _clean(str(command)))
    except (OSError, ValueError, TypeError):
        return None


def _clean(text: str) -> str:
    """What another process wrote is shown, and nothing more."""
    return "".join(c if c.isprintable() and c != "`" else "?" for c in text)[:200]
