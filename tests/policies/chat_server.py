"""An OpenAI-compatible server on loopback that answers as the test says."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD: dict[str, Any] = {
    "focus": "in",
    "flags": ["debris"],
    "target_present": "yes",
    "count": 12,
    "note": "A cell in metaphase.",
}


@dataclass
class Server:
    """`replies` are used in turn, the last one for ever: (status, body), or what makes one."""

    replies: list[tuple[int, Any] | Callable[[], tuple[int, Any]]]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)  # set when the test is over

    def next_reply(self) -> tuple[int, Any]:
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        return reply() if callable(reply) else reply

    def hang(self) -> tuple[int, Any]:
        """A reply that does not come before the test is over."""
        self.leave.wait(60)
        return 200, completion(GOOD)


def completion(
    form: Any, *, logprobs: list[dict[str, Any]] | None = None, refusal: str | None = None
) -> dict[str, Any]:
    """A chat completion whose content is `form` (as JSON unless it is text)."""
    content = form if isinstance(form, str | None) else json.dumps(form)
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop", "message": message}
    if logprobs is not None:
        choice["logprobs"] = {"content": logprobs, "refusal": None}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


@contextlib.contextmanager
def serving(*replies: tuple[int, Any] | Callable[[], tuple[int, Any]]) -> Iterator[Server]:
    """A server on a free port of this machine, until the end of the block."""
    state = Server(list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            state.requests.append(json.loads(self.rfile.read(length)))
            state.keys.append(self.headers["Authorization"])
            status, body = state.next_reply()
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            with contextlib.suppress(OSError):  # the client has given up
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, format: str, *_: Any) -> None:
            """Not on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            state.leave.set()
            server.shutdown()
            thread.join()
