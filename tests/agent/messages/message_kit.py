"""Real servers for messages (mail, web, and one that never answers), and messages to send."""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import email.policy
import json
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from agent.messages.config import MessagesConfig
from agent.messages.message import Message, MessageKind
from agent.messages.messenger import Messenger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

WITHIN_S = 20.0
T0 = dt.datetime(2026, 11, 25, 1, 10, tzinfo=dt.UTC)
ALL = tuple(str(kind) for kind in MessageKind)


def until(true: Callable[[], object], what: str = "it") -> None:
    """Wait for it, generously."""
    end = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {WITHIN_S:g} s"
        time.sleep(0.02)


def stays(true: Callable[[], object], for_s: float) -> None:
    """It is true now, and still after a while."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        assert true()
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mailbox:
    """What a mail server received."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[list[str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(mail)  # type: ignore[arg-type]
        self.to.append(envelope.rcpt_tos)
        return "250 OK"

    def text(self, n: int = 0) -> str:
        """The plain part of a mail, or its HTML."""
        body = self.mails[n].get_body(("plain", "html"))
        assert body is not None
        text: str = body.get_content()
        return text


@contextlib.contextmanager
def mail_server(port: int | None = None) -> Iterator[tuple[Mailbox, str]]:
    """A mail server; its address without receiver."""
    box = Mailbox()
    port = port or free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, f"mailto://127.0.0.1:{port}/?from=scope@lab.test&mode=insecure"
    finally:
        controller.stop()


class Web:
    """What a web hook received, and how it answers."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.trickle_s = 0.0  # instead of an answer, one byte at a time for so long
        self.slowly_s = 0.0  # the answer comes byte by byte, and takes so long

    @property
    def titles(self) -> list[str]:
        return [str(post["title"]) for post in self.posts]

    @property
    def texts(self) -> list[str]:
        return [str(post["message"]) for post in self.posts]


@contextlib.contextmanager
def web_server(port: int = 0) -> Iterator[tuple[Web, int]]:
    """A web server that takes JSON; its port."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if web.trickle_s:
                with contextlib.suppress(OSError):
                    end = time.monotonic() + web.trickle_s
                    while time.monotonic() < end:
                        self.wfile.write(b"H")
                        time.sleep(0.05)
                return
            if web.slowly_s:
                web.posts.append(json.loads(body))
                answer = b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"
                for n in range(len(answer)):
                    self.wfile.write(answer[n : n + 1])
                    time.sleep(web.slowly_s / len(answer))
                return
            if web.status == 200:
                web.posts.append(json.loads(body))
                web.headers.append(dict(self.headers))
            self.send_response(web.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web, server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and never says a word; its port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


def settings(*targets: dict[str, Any], **more: Any) -> MessagesConfig:
    """Targets that want everything, quick retries, no morning summary unless asked for."""
    quick = {"first_s": 0.2, "most_s": 0.5, "timeout_s": 1.0}
    return MessagesConfig.model_validate(
        {
            "targets": [{"kinds": ALL, **target} for target in targets],
            "retry": {**quick, **more.pop("retry", {})},
            "rate": {"burst": 1000, "per_hour": 100_000},
            "morning_summary": None,
            **more,
        }
    )


@contextlib.contextmanager
def running(config: MessagesConfig, path: Path, **more: Any) -> Iterator[Messenger]:
    """A messenger that sends."""
    messenger = Messenger(config, path / "messages.sqlite", env=more.pop("env", {}), **more)
    messenger.start()
    try:
        yield messenger
    finally:
        messenger.close(0.2)


def say(title: str = "Camera silent", text: str = "No image for 10 s.", **more: Any) -> Message:
    """A message."""
    more.setdefault("utc", dt.datetime.now(dt.UTC))
    return Message(more.pop("kind", MessageKind.TROUBLE), title, text, **more)


class TestClock:
    """Calendar time that a test sets; the monotonic one goes along unless told otherwise."""

    __test__ = False

    def __init__(self, now: dt.datetime = T0) -> None:
        self.now = now
        self.now_s = 1000.0

    def utc(self) -> dt.datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now_s

    def go(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)
        self.now_s += seconds


def told_times(titles: list[str]) -> int:
    """How often a thing has happened, by the titles of its messages."""
    found = [re.search(r"\((once|\d+)(?: more)?(?: times)?\)", title) for title in titles]
    return sum(1 if m is None or m[1] == "once" else int(m[1]) for m in found)
