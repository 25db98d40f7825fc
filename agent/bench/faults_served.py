"""A whole service with a lamp and somebody who gets its messages, as the bench uses it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import yaml

from agent.bench.faults_rig import PACE, Rig
from agent.bench.faults_runner import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

MANY = {"requests_per_s": 2000.0, "burst": 5000}  # the bench asks often


class Receiver:
    """A web hook that takes messages, and is not there at times."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not on the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def times(self, words: str) -> int:
        """How many messages have these words."""
        return sum(words in f"{p.get('title')} {p.get('message')}" for p in list(self.posts))


class ServedRig(Rig):
    """A rig whose run is conducted by a service in a process of its own."""

    def __init__(self, context: Any, folder: Path, plan: dict[str, Any] | None = None) -> None:
        super().__init__(context, folder, plan)
        self.home = folder / "home"
        self.receiver = Receiver()
        self.services: list[Any] = []
        self.id = 0
        self.client: httpx.Client | None = None

    def serve(self, *, first: bool = True) -> Any:
        """Start a service on the same home; the `first` one is waited for and spoken with."""
        from agent.bench.faults_daemon import serve

        config = self.folder / "service.yaml"
        hook = {
            "name": "hook",
            "url": f"json://127.0.0.1:{self.receiver.port}/",
            "kinds": ["trouble", "question", "event", "milestone", "done"],
        }
        content = {
            "microscope": str(self.folder / "scope.yaml"),
            "simulated": {
                "scenario": str(self.folder / "scenario.yaml"),
                "pace": PACE,
                "lamp": self.address,
            },
            "web": {"port": 0, "limits": MANY},
            "messages": {
                "targets": [hook],
                "rate": {"burst": 50},
                "retry": {"first_s": 0.5, "most_s": 1.0, "timeout_s": 5.0},
            },
        }
        config.write_text(yaml.safe_dump(content), encoding="utf-8")
        args = (str(config), str(self.home), str(self.folder / "log"), str(self.witness))
        process = self.context.Process(target=serve, args=args)
        process.start()
        self.services.append(process)
        if first:
            self._connect(process)
        return process

    def ask(self, path: str, content: Any = None) -> Any:
        """GET, or POST where there is content; the answer. Raises httpx.HTTPStatusError."""
        assert self.client is not None
        url = f"/api/v1{path}"
        answer = self.client.get(url) if content is None else self.client.post(url, json=content)
        answer.raise_for_status()
        return answer.json()

    def submit(self) -> str:
        """The plan into the queue, by name of its proposal; it begins at once."""
        text = (self.folder / "plan.yaml").read_text(encoding="utf-8")
        thread = str(self.ask("/proposals/yaml", {"yaml": text})["thread"])
        self.id = int(self.ask("/experiments", {"thread": thread})["id"])
        return thread

    def state(self) -> tuple[str, str]:
        """(state, why) of the experiment; ("", "") while no service answers."""
        import httpx

        try:
            found = self.ask(f"/experiments/{self.id}")
        except (httpx.HTTPError, OSError):
            return "", ""
        if found.get("run"):
            self.run = self.home / "runs" / found["run"]
        return str(found["state"]), str(found.get("why") or "")

    def becomes(self, *states: str) -> str:
        """Wait until it is in one of these states; that one."""
        until(lambda: self.state()[0] in states, f"{' or '.join(states)}")
        return self.state()[0]

    def go_on(self) -> str:
        """Resume until it is over, as a person would; the state."""
        for _ in range(3):
            self.ask(f"/experiments/{self.id}/resume", {})
            until(lambda: self.state()[0] not in ("starting", "running", "stopping"), "its end")
            if self.state()[0] != "held":
                break
        return self.state()[0]

    def kill_service(self) -> None:
        """kill -9."""
        process = self.services[-1]
        os.kill(process.pid, signal.SIGKILL)
        process.join(10.0)

    def runner_pids(self) -> list[int]:
        """Of the runners of the latest service."""
        import psutil

        with contextlib.suppress(psutil.Error):
            return [c.pid for c in psutil.Process(self.services[-1].pid).children()]
        return []

    def close(self) -> None:
        """End services, runners, receiver and lamp."""
        for process in self.services:
            if process.is_alive():
                process.terminate()
                process.join(20.0)
            if process.is_alive():
                process.kill()
                process.join(5.0)
        if self.client is not None:
            self.client.close()
        self.receiver.close()
        super().close()

    def _connect(self, process: Any) -> None:
        import httpx

        file = self.home / "service.json"

        def there() -> bool:
            return file.exists() and json.loads(file.read_text())["pid"] == process.pid

        until(lambda: there() or not process.is_alive(), "the service's address")
        url = json.loads(file.read_text())["url"]
        token = (self.home / "operator.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        if self.client is not None:
            self.client.close()
        self.client = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30.0)


class Clock:
    """Run time, from the latest visit's start on at the run's pace."""

    def __init__(self, rig: ServedRig) -> None:
        self._rig = rig
        self._latest_s, self._seen = -1.0, 0.0

    def wait(self, until_s: float, or_else: Callable[[], bool] = lambda: False) -> None:
        """Until the run has come so far."""
        until(lambda: self._now() >= until_s or or_else(), f"second {until_s:g} of the run")

    def _now(self) -> float:
        latest_s = float(self._rig.one("SELECT max(started_s) FROM visits", -1.0))
        if latest_s != self._latest_s:
            self._latest_s, self._seen = latest_s, time.monotonic()
        return latest_s if latest_s < 0 else latest_s + (time.monotonic() - self._seen) * PACE
