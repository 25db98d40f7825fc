"""Hands one message to one server through apprise. The only file that knows apprise.

apprise's own logger is cut off from the rest: what it says is kept for the error of this call, and
passed on without secrets.
"""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING, Any

from agent.messages.message import MessageKind
from agent.messages.redact import KNOWN, RedactingFilter, secrets_in

if TYPE_CHECKING:
    from agent.messages.render import Envelope

LOG = logging.getLogger("microscout.messages")
_DETAIL = "Socket Exception: "  # said at debug level only, and all that tells a wrong password
_TYPES = {
    MessageKind.TROUBLE: "failure",
    MessageKind.QUESTION: "warning",
    MessageKind.DONE: "success",
}


class NotSent(Exception):
    """The server did not take it; one line without secrets."""


def accepts(url: str) -> bool:
    """Whether apprise can send to addresses of this form."""
    return _plugin(url) is not None


def send(url: str, envelope: Envelope, timeout_s: float) -> None:
    """Send it now; returns when the server has taken it.

    `timeout_s` bounds connecting and each wait for data, not the whole. Raises NotSent.
    """
    KNOWN.learn(secrets_in(url))
    plugin = _plugin(url)
    if plugin is None:
        raise NotSent("no service takes this form of address")
    plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_s
    _mark(plugin, envelope.mark)
    with _Said() as said:
        try:
            taken = plugin.notify(**_content(plugin, envelope))
        except Exception as error:
            reason = " ".join(KNOWN(f"{type(error).__name__}: {error}").split())
            raise NotSent(reason) from None
    if not taken:
        raise NotSent(KNOWN(said.why()) or "the server did not take it")


def _plugin(url: str) -> Any:
    import apprise

    _cut_off_logger()
    asset = apprise.AppriseAsset(app_id="MicroScout", app_desc="MicroScout", service_timeout=0)
    try:
        return apprise.Apprise.instantiate(url, asset=asset)
    except Exception:  # of a strange address
        return None


def _content(plugin: Any, envelope: Envelope) -> dict[str, Any]:
    from apprise import AppriseAttachment, NotifyFormat
    from apprise.attachment.memory import AttachMemory

    formats = plugin.notify_format
    preferred = formats[0] if isinstance(formats, tuple) else formats
    in_html = preferred == NotifyFormat.HTML
    content: dict[str, Any] = {
        "title": envelope.title,
        "body": envelope.html if in_html else envelope.text,
        "body_format": NotifyFormat.HTML if in_html else NotifyFormat.TEXT,
        "notify_type": _TYPES.get(envelope.kind, "info"),
    }
    if envelope.picture is not None and plugin.attachment_support:
        make: Any = AttachMemory  # has no types
        picture = make(envelope.picture, name="picture.png", mimetype="image/png")
        content["attach"] = AppriseAttachment(picture)
    return content


def _mark(plugin: Any, mark: str) -> None:
    """The mark as a field of its own where a program reads the message."""
    if isinstance(getattr(plugin, "payload_extras", None), dict):
        plugin.payload_extras = {"mark": mark, **plugin.payload_extras}
    elif getattr(plugin, "secure_protocol", "") == "mailtos":
        plugin.headers = {"X-MicroScout-Message": mark, **plugin.headers}


class _Said(logging.Handler):
    """What apprise says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._thread = threading.get_ident()
        self._warnings: list[str] = []
        self._details: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.thread == self._thread:
            text = record.getMessage()
            if record.levelno >= logging.WARNING:
                self._warnings.append(text)
            elif text.startswith(_DETAIL):
                self._details.append(text.removeprefix(_DETAIL))

    def why(self) -> str:
        """In one line."""
        return " ".join(" ".join([*self._warnings, *self._details]).split())[:500]

    def __enter__(self) -> _Said:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


class _PassOn(logging.Handler):
    """apprise's warnings in our log, without secrets."""

    def emit(self, record: logging.LogRecord) -> None:
        """Only warnings: below them whole messages and addresses are logged."""
        LOG.log(record.levelno, "%s", KNOWN(record.getMessage()))


@functools.cache
def _cut_off_logger() -> None:
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(_PassOn(logging.WARNING))
    for name in ("apprise", "urllib3.connectionpool"):  # they log paths, which may be tokens
        logging.getLogger(name).addFilter(RedactingFilter(KNOWN))
