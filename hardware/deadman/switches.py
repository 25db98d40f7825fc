"""Ways to switch the light off, each with a time-out of its own. Standard library only.

A switch says in one line what is wrong, or None once the light is confirmed off.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit


class Switch(Protocol):
    """One way to switch the light off."""

    @property
    def label(self) -> str:
        """What it is, without secrets."""

    @property
    def timeout_s(self) -> float:
        """Longest wait for one try."""

    def warm_up(self) -> None:
        """Get ready for a quick try. Touches no device."""

    def off(self) -> str | None:
        """Switch it off; None once confirmed, else what is wrong. May raise anything."""

    def let_go(self) -> None:
        """It is not needed any more."""


class _Plain:
    """A switch that needs no preparation."""

    def warm_up(self) -> None:
        """Nothing to do."""

    def let_go(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Tcp(_Plain):
    """Sends a text, waits for the answer."""

    address: str
    send: str
    expect: str
    timeout_s: float

    @property
    def label(self) -> str:
        """Host and port."""
        return f"tcp {self.address}"

    def off(self) -> str | None:
        """Connect, send, read until the answer is there."""
        until = time.monotonic() + self.timeout_s
        host, _, port = self.address.rpartition(":")
        got, expect = b"", self.expect.encode()
        with socket.create_connection((host.strip("[]"), int(port)), self.timeout_s) as wire:
            wire.sendall(self.send.encode())
            while expect not in got:
                left_s = until - time.monotonic()
                if left_s <= 0 or len(got) > 65536:
                    return f"answered {got[-80:]!r}, not {self.expect!r}"
                wire.settimeout(left_s)
                try:
                    piece = wire.recv(4096)
                except TimeoutError:
                    piece = b""
                if not piece:
                    return f"answered {got[-80:]!r}, not {self.expect!r}"
                got += piece
        return None


@dataclass(frozen=True, slots=True)
class Command(_Plain):
    """Runs a program."""

    argv: tuple[str, ...]
    expect: str
    timeout_s: float

    @property
    def label(self) -> str:
        """The program, without its arguments."""
        return f"command {self.argv[0]}"

    def off(self) -> str | None:
        """Run it; its exit code and output say whether the light is off."""
        try:
            done = subprocess.run(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"not over after {self.timeout_s:g} s"
        if done.returncode:
            return f"exit code {done.returncode}"
        if self.expect.encode() not in done.stdout:
            return f"its output does not contain {self.expect!r}"
        return None


@dataclass(frozen=True, slots=True)
class Http(_Plain):
    """Makes one request: no proxy, no redirection."""

    url: str
    method: str
    body: str
    headers: dict[str, str] = field(repr=False)
    expect_status: int
    timeout_s: float

    @property
    def label(self) -> str:
        """Method and address, without the query, which may hold a secret."""
        parts = urlsplit(self.url)
        return f"http {self.method} {parts.scheme}://{parts.netloc}{parts.path}"

    def off(self) -> str | None:
        """Ask; the status says whether the light is off."""
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        wire = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            wire.request(self.method, path, self.body.encode() or None, self.headers)
            status = wire.getresponse().status
        finally:
            wire.close()
        return None if status == self.expect_status else f"status {status}"


class MicroManager:
    """Closes shutters through a Micro-Manager that knows of nothing but the lamp."""

    def __init__(self, mm_config: str, shutters: tuple[str, ...], timeout_s: float) -> None:
        self.label = f"micro_manager {mm_config}"
        self.timeout_s = timeout_s
        self._arguments = (mm_config, *shutters)
        self._child: subprocess.Popen[bytes] | None = None

    def warm_up(self) -> None:
        """Start the process that loads the libraries and waits for the word."""
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "hardware.deadman.lamp_only", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def off(self) -> str | None:
        """Give the word; a process is used once, a try that failed may have spoiled it."""
        if self._child is None or self._child.poll() is not None:
            self.warm_up()
        child, self._child = self._child, None
        assert child is not None
        try:
            out, _ = child.communicate(b"go\n", self.timeout_s)
        except subprocess.TimeoutExpired:
            return f"no answer within {self.timeout_s:g} s"
        finally:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.5)
        lines = out.decode(errors="replace").strip().splitlines()
        try:
            said = json.loads(lines[-1])
            left_on, error = said["open"], said["error"]
        except (IndexError, ValueError, KeyError, TypeError):
            return f"ended with exit code {child.returncode}"
        return f"not closed: {', '.join(left_on)} ({error})" if left_on else None

    def let_go(self) -> None:
        """End the process that waits."""
        if self._child is not None:
            self._child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(0.5)


def build(said: dict[str, Any]) -> Switch:
    """A switch from its section of the first line. Raises KeyError or TypeError where it is none.

    The headers of `http` come with their values.
    """
    kind = said["kind"]
    given = {key: value for key, value in said.items() if key != "kind"}
    if kind == "tcp":
        return Tcp(**given)
    if kind == "command":
        return Command(**given | {"argv": tuple(given["argv"])})
    if kind == "http":
        return Http(**given)
    if kind == "micro_manager":
        return MicroManager(**given | {"shutters": tuple(given["shutters"])})
    raise KeyError(kind)
