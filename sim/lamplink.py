"""The wire between the simulated scope and the simulated lamp."""

from __future__ import annotations

import contextlib
import socket
import threading

ANSWER_S = 0.5  # longest wait for the lamp's answer


class LampLink:
    """Switches a lamp (`sim.lamp`) as a shutter opens and closes. Cheap: one line there and back.

    A lamp that does not answer does not hold the scope up: `missed` counts.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._wire: socket.socket | None = None
        self._lock = threading.Lock()
        self.missed = 0

    def switch(self, on: bool) -> bool:
        """Whether the lamp said that it is so."""
        wanted = b"ON" if on else b"OFF"
        with self._lock:
            for _ in range(2):  # a wire that was cut is laid anew, once
                try:
                    if self._ask(wanted + b"\n").startswith(wanted):
                        return True
                except OSError:
                    pass
                self._cut()
            self.missed += 1
            return False

    def close(self) -> None:
        """Let go of the wire; the lamp stays as it is."""
        with self._lock:
            self._cut()

    def _ask(self, line: bytes) -> bytes:
        if self._wire is None:
            self._wire = socket.create_connection(self._address, ANSWER_S)
            self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wire.sendall(line)
        return self._wire.recv(100)

    def _cut(self) -> None:
        if self._wire is not None:
            with contextlib.suppress(OSError):
                self._wire.close()
            self._wire = None
