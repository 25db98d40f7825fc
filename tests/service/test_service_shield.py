"""The shield by itself, round a small app: what no route of the service shows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from agent.web.guard import Guard
from agent.web.metrics import Traffic
from agent.web.settings import WebConfig, WebLimits
from agent.web.shield import Shield
from agent.web.tokens import Role, Tokens, clear_file

if TYPE_CHECKING:
    from pathlib import Path

HOST, PATH = "127.0.0.1:8765", "/api/v1/status"


class Door:
    """A shield, and what got through it."""

    def __init__(
        self, home: Path, fault: Exception | None = None, limits: WebLimits | None = None
    ) -> None:
        tokens = Tokens(home)
        tokens.ensure()
        self.token = clear_file(home, Role.OPERATOR).read_text().strip()
        self.fault = fault
        self.through: list[str] = []
        config = WebConfig(limits=limits or WebLimits())
        self.shield = Shield(self._app, Guard(tokens, config), Traffic())

    async def _app(self, scope: Any, _: Any, send: Any) -> None:
        self.through.append(scope["type"])
        if self.fault is not None:
            raise self.fault
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def knock(
        self, method: str = "GET", path: str = PATH, *, query: str = "", **headers: str
    ) -> list[dict[str, Any]]:
        """What is sent back to an operator."""
        sent: list[dict[str, Any]] = []
        said = {"host": HOST, "authorization": f"Bearer {self.token}", **headers}
        scope = {
            "type": "websocket" if method == "WS" else "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").strip("-").encode(), value.encode())
                for name, value in said.items()
            ],
            "client": ("127.0.0.1", 4),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.shield(scope, receive, send))
        return sent


def headers(sent: list[dict[str, Any]]) -> dict[bytes, bytes]:
    return dict(sent[0]["headers"])


def test_who_may_gets_through(tmp_path: Path) -> None:
    door = Door(tmp_path)
    sent = door.knock()
    assert (sent[0]["status"], door.through) == (200, ["http"])
    assert b"connection" not in headers(sent)


@pytest.mark.parametrize(
    ("path", "policy"), [(PATH, b"default-src 'none'"), ("/", b"default-src 'self'; img-src")]
)
def test_every_answer_tells_the_browser_what_it_must_not_do(
    tmp_path: Path, path: str, policy: bytes
) -> None:
    said = headers(Door(tmp_path).knock(path=path))
    assert said[b"content-security-policy"].startswith(policy)
    assert b"frame-ancestors 'none'" in said[b"content-security-policy"]
    assert said[b"x-content-type-options"] == b"nosniff" and said[b"cache-control"] == b"no-store"


def test_a_websocket_is_closed_and_never_reaches_the_app(tmp_path: Path) -> None:
    """Nothing here looks at where one comes from, or who opens it."""
    door = Door(tmp_path)
    sent = door.knock("WS")
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert door.through == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"x": "y" * 20_000}, 431),
        ({"query": "y" * 20_000}, 431),
        ({"content-length": "5", "transfer-encoding": "chunked"}, 400),
        ({"host": "evil.example"}, 421),
        ({"host_": HOST}, 421),
        ({"authorization": "Bearer wrong"}, 401),
    ],
    ids=["too large", "a long query", "two lengths", "another host", "two hosts", "wrong token"],
)
def test_what_was_not_read_is_not_taken_for_the_next_request(
    tmp_path: Path, said: dict[str, str], status: int
) -> None:
    """A body that nobody reads lies in the connection still: it ends."""
    door = Door(tmp_path)
    sent = door.knock("POST", **said)
    assert (sent[0]["status"], door.through) == (status, [])
    assert headers(sent)[b"connection"] == b"close"


@pytest.mark.parametrize(("method", "looks"), [("GET", False), ("POST", True)])
def test_a_fault_says_nothing_of_itself_and_whether_something_may_have_been_done(
    tmp_path: Path, method: str, looks: bool
) -> None:
    door = Door(tmp_path, KeyError("/home/ada/secret"))
    sent = door.knock(method)
    said = sent[1]["body"].decode()
    assert sent[0]["status"] == 500 and "ada" not in said
    assert ("it may have been done" in said) is looks


@pytest.mark.parametrize("fault", [None, KeyError("x")], ids=["answered", "a fault"])
def test_who_has_been_answered_takes_no_place_any_more(
    tmp_path: Path, fault: Exception | None
) -> None:
    door = Door(tmp_path, fault, WebLimits(concurrent=1))
    assert {door.knock()[0]["status"] for _ in range(3)} == {500 if fault else 200}
