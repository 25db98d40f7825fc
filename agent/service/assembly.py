"""The whole service put together: instrument's lock, queue, messages, doors."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import logging.handlers
import os
from typing import TYPE_CHECKING

from agent.commands.hold import hold
from agent.finding import ConfigError, config_error
from agent.load import load_microscope
from agent.mcp.mount import mcp
from agent.messages.message import Message, MessageKind
from agent.messages.messenger import Messenger
from agent.service.news import NewsRoom, summary_of_night
from agent.service.queue import Queue
from agent.service.service import ServiceCore
from agent.web.app import create_app
from agent.web.guard import Guard
from agent.web.serve import WebServer
from agent.web.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO

    from fastapi import APIRouter

    from agent.service.config import ServiceConfig
    from agent.service.home import Home

LOG_BYTES, LOGS = 5_000_000, 5


@contextlib.contextmanager
def serving(home: Home, config: ServiceConfig) -> Iterator[tuple[ServiceCore, WebServer]]:
    """A service that answers on its address while inside. Raises ConfigError in one line.

    Order at the start: locks, address, messages, queue, doors; at the end the other way round, so
    that the end of a run can still be told.
    """
    with contextlib.ExitStack() as held:
        home.create()
        held.enter_context(contextlib.closing(_only_one(home)))
        held.callback(_log_to(home))
        microscope = load_microscope(config.microscope)
        if config.simulated is None:
            from agent.check import instrument_facts
            from agent.watched import claim

            found = instrument_facts(microscope).mm_config
            name = microscope.config.name
            claim(held, found, name, "microscout serve", run=False, service=True)
        tokens = Tokens(home.path)
        tokens.ensure()
        queue = Queue(home.database)
        held.callback(queue.close)

        def summary(since: dt.datetime, now: dt.datetime) -> Message | None:
            return summary_of_night(home, queue, config.messages, since, now)

        messenger = Messenger(config.messages, home.messages, folder=home.path, summary=summary)
        held.callback(messenger.close)
        room = NewsRoom(messenger, home, queue)
        core = ServiceCore(
            home,
            config,
            queue,
            tell=room.tell,
            messages=room.latest,
            checks=(room.messages,),
            reachable=messenger.check,
        )
        held.callback(core.end)
        guard = Guard(tokens, config.web)
        page, static = _page(core, guard)
        assistants = mcp(core, config.mcp, home.logs, tell=_asking(messenger))
        app = create_app(core, guard, routers=(*page, assistants), mounts=static)
        server = WebServer(app, config.web)
        url = server.open()  # before the queue: where the port is taken no runner begins
        held.callback(server.stop)
        messenger.start()
        core.begin()
        server.start()
        _say_where(home, url)
        held.callback(home.address.unlink, missing_ok=True)
        yield core, server


def _page(core: ServiceCore, guard: Guard) -> tuple[tuple[APIRouter, ...], dict[str, Any]]:
    import importlib.util

    if importlib.util.find_spec("agent.web.pages") is None:
        return (), {}
    from agent.web.pages.router import pages, static

    return (pages(core, guard),), {"/static": static()}


def _asking(messenger: Messenger) -> Callable[[str, str], None]:
    """How people hear of what an assistant asks for: it waits for their approval."""

    def tell(title: str, text: str) -> None:
        try:
            messenger.post(
                Message(MessageKind.QUESTION, title, text, dt.datetime.now(dt.UTC), key="mcp")
            )
        except Exception as error:  # it stays on the list of requests
            logging.getLogger("agent.mcp").error("no message of it: %s", type(error).__name__)

    return tell


def _only_one(home: Home) -> BinaryIO:
    try:
        return hold(home.lock)
    except ConfigError:
        raise config_error(
            home.path, "a service runs here already", "use that one, or give another --home"
        ) from None


def _log_to(home: Home) -> Callable[[], None]:
    """Logs of all parts into a file that is rotated; what undoes it."""
    handler = logging.handlers.RotatingFileHandler(
        home.logs / "service.log", maxBytes=LOG_BYTES, backupCount=LOGS, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)

    def undo() -> None:
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()

    return undo


def _say_where(home: Home, url: str) -> None:
    """Where the terminal's commands find it; no secret."""
    part = home.address.with_suffix(".part")
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    part.replace(home.address)
