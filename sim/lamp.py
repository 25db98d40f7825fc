"""A lamp that is not there, in a process of its own: it stays on when its client dies.

    python -m sim.lamp --port 0 --record lamp.jsonl

It listens on 127.0.0.1 and prints one line of JSON, `{"port": 40123}`. One command a line: `ON`
and `OFF` are answered `ON` and `OFF`, `STATE` is answered `ON 3` or `OFF 3` (how often it was
switched), anything else `?`. Every switch goes into the record with calendar and monotonic time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import socketserver
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNER_S = 0.5  # between two looks whether the owner is still there


class Lamp:
    """On or off, and a memory of it.

    `deaf` OFF commands are swallowed without an answer; a `stuck` lamp says OFF and stays on.
    """

    def __init__(self, record: Path | None, *, deaf: int = 0, stuck: bool = False) -> None:
        self.on = False
        self.switched = 0
        self._record = record
        self._deaf, self._stuck = deaf, stuck
        self._lock = threading.Lock()

    def obey(self, command: str) -> str | None:
        """The answer to one line; None: none."""
        with self._lock:
            match command.strip().upper():
                case "ON":
                    return self._switch(True)
                case "OFF" if self._deaf:
                    self._deaf -= 1
                    return None
                case "OFF":
                    if not self._stuck:
                        self._switch(False)
                    return "OFF"
                case "STATE":
                    return f"{'ON' if self.on else 'OFF'} {self.switched}"
                case _:
                    return "?"

    def _switch(self, on: bool) -> str:
        state = "ON" if on else "OFF"
        if on is not self.on:
            now_s = time.monotonic()
            self.on = on
            self.switched += 1
            self._note({"state": state, "monotonic_s": now_s, "count": self.switched})
        return state

    def _note(self, facts: dict[str, Any]) -> None:
        if self._record is not None:
            facts |= {"utc": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")}
            with self._record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, lamp: Lamp) -> None:
        self.lamp = lamp
        super().__init__(("127.0.0.1", port), _Client)


class _Client(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Until the client goes; the lamp stays as it is."""
        assert isinstance(self.server, _Server)
        try:
            while line := self.rfile.readline(200):
                answer = self.server.lamp.obey(line.decode(errors="replace"))
                if answer is not None:
                    self.wfile.write(f"{answer}\r\n".encode())
        except OSError:
            return


def read(record: Path) -> list[dict[str, Any]]:
    """Every switch of a lamp: `state` (ON, OFF), `monotonic_s`, `utc`, `count`."""
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]


def main(argv: Sequence[str] | None = None) -> int:
    """Run until ended, or until the process `--owner` is gone."""
    asked = argparse.ArgumentParser(prog="python -m sim.lamp", description="A simulated lamp.")
    asked.add_argument("--port", type=int, default=0, help="0: any free one")
    asked.add_argument("--record", type=Path, help="file of JSON lines to append to")
    asked.add_argument("--owner", type=int, help="process without which it ends")
    asked.add_argument("--deaf", type=int, default=0, help="OFF commands to swallow")
    asked.add_argument("--stuck", action="store_true", help="says OFF and stays on")
    given = asked.parse_args(argv)
    lamp = Lamp(given.record, deaf=given.deaf, stuck=given.stuck)
    with _Server(given.port, lamp) as server:
        print(json.dumps({"port": server.server_address[1]}), flush=True)
        serve = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        serve.start()
        while serve.is_alive() and (given.owner is None or _runs(given.owner)):
            serve.join(OWNER_S)
    return 0


def _runs(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    code = main()
    os._exit(code)
