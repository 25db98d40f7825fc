"""Runs the app under uvicorn, in this thread or in one of its own, and ends it in bounded time."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from agent.finding import config_error
from agent.web.protocol import guarded
from agent.web.redact import keep_secrets_out
from agent.web.settings import PLACE, check_binding, check_tls, is_wildcard

if TYPE_CHECKING:
    from fastapi import FastAPI

    from agent.web.settings import WebConfig

END_WITHIN_S = 3.0  # for what is being answered when the end comes
START_WITHIN_S = 15.0
HEADER_BYTES = 16_384
_LOG = logging.getLogger("agent.web")


class WebServer:
    """One app on one address. `open` binds; then `run` here, or `start` in a thread; `stop`."""

    def __init__(self, app: FastAPI, config: WebConfig) -> None:
        self._app = app
        self._config = config
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is, once it is open."""
        if self._socket is None:
            raise RuntimeError("it is not open")
        host, port = self._socket.getsockname()[:2]
        if is_wildcard(host):
            host = self._config.allowed_hosts[0]
        return f"{self._config.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def open(self) -> str:
        """Bind the address; its URL. Raises ConfigError in one line."""
        config = self._config
        check_binding(config, has_token=True)
        check_tls(config)
        self._socket = _bound(config)
        options: dict[str, Any] = {}
        if config.tls:
            options = {"ssl_certfile": config.tls_cert, "ssl_keyfile": config.tls_key}
        keep_secrets_out()
        self._server = _Server(
            uvicorn.Config(
                self._app,
                http=guarded(config.limits.header_timeout_s),  # type: ignore[arg-type]
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # a page asks often; /metrics counts
                server_header=False,
                proxy_headers=False,  # who asks is who is connected
                timeout_keep_alive=int(max(1, config.limits.header_timeout_s)),
                timeout_graceful_shutdown=int(END_WITHIN_S),
                h11_max_incomplete_event_size=HEADER_BYTES,
                **options,
            )
        )
        return self.url

    def run(self) -> None:
        """Answer until `stop`, SIGINT or SIGTERM. In the main thread it takes both signals."""
        server, bound = self._opened()
        server.run(sockets=[bound])

    def start(self) -> None:
        """Answer in a thread of its own; returns when it does. Raises RuntimeError if it cannot."""
        server, _ = self._opened()
        self._thread = threading.Thread(target=self.run, name="web", daemon=True)
        self._thread.start()
        if not server.up.wait(START_WITHIN_S) or not self._thread.is_alive():
            raise RuntimeError("the HTTP door does not open; see the log")

    def stop(self) -> bool:
        """End it; listening pages do not hold it up. Whether it has ended. From any thread."""
        if self._server is not None:
            self._server.should_exit = True
        ended = True
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(END_WITHIN_S + 4.0)
            ended = not self._thread.is_alive()
        if self._socket is not None:
            self._socket.close()
        return ended

    def _opened(self) -> tuple[_Server, socket.socket]:
        if self._server is None or self._socket is None:
            raise RuntimeError("it is not open")
        return self._server, self._socket


class _Server(uvicorn.Server):
    """Ends the streams of changes before it waits for what is being answered."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.parts.hub.close()
        await super().shutdown(sockets)


def _bound(config: WebConfig) -> socket.socket:
    """A listening address of our own, so that its number is known before anybody is told."""
    host = config.host.strip("[]")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, proto)
    except OSError as error:
        message = f"{host} is no address of this computer ({error.strerror})"
        raise config_error(PLACE, message, "use 127.0.0.1", key="host") from None
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: nobody else may share it
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(256)
    except OSError as error:
        bound.close()
        message = f"port {config.port} on {host} cannot be used ({error.strerror})"
        remedy = "is the service running already? else give another port"
        raise config_error(PLACE, message, remedy, key="port") from None
    return bound
