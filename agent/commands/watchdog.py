"""The sign of life for systemd, which restarts a service that hangs: sent while all of it works."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

EVERY_S = 5.0
FRESH_S = 20.0  # the supervisor may wait for a dead-man; it goes round several times a second
TELL_S = 0.5  # where nobody reads: the end must not wait for it
ANSWER_S = 25.0  # the web server says "slow" before; WatchdogSec must be longer than all of these


@dataclass(frozen=True, slots=True)
class Door:
    """Where the web server is asked. `url`: as people know it; `host`: what it is bound to."""

    url: str
    host: str

    def wrong(self) -> str:
        """Why it does not answer; "" where it does, whatever it says."""
        parts = urlsplit(self.url)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host.strip("[]"), self.host)
        assert parts.port is not None
        if parts.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is ourselves
            wire: http.client.HTTPConnection = http.client.HTTPSConnection(
                host.strip("[]"), parts.port, timeout=ANSWER_S, context=context
            )
        else:
            wire = http.client.HTTPConnection(host.strip("[]"), parts.port, timeout=ANSWER_S)
        try:
            wire.request("GET", "/health", headers={"Host": parts.netloc})
            wire.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            return f"the web server does not answer ({type(error).__name__})"
        finally:
            wire.close()
        return ""


def keep(
    over: threading.Event, beat: Callable[[], float], door: Door, say: Callable[[str], None]
) -> None:
    """Give signs of life until `over`. `beat`: when the supervisor last went round (monotonic s).

    `say` hears once why none is given.
    """
    before = ""
    while not over.wait(EVERY_S):
        if not asked():
            continue
        wrong = _still(beat()) or door.wrong()
        if not wrong:
            tell("WATCHDOG=1")
        elif not before:
            say(f"no sign of life for systemd: {wrong}")
        before = wrong


def _still(beat_s: float) -> str:
    silent_s = time.monotonic() - beat_s
    return f"the supervisor has stood still for {silent_s:.0f} s" if silent_s > FRESH_S else ""


def asked() -> bool:
    """Whether systemd has started us and listens."""
    return bool(os.environ.get("NOTIFY_SOCKET")) and hasattr(socket, "AF_UNIX")


def tell(state: str) -> None:
    """sd_notify(3): a word to systemd, where it has started us."""
    if not asked():
        return
    address = os.environ["NOTIFY_SOCKET"]
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.settimeout(TELL_S)
            wire.sendto(state.encode(), address)
    except OSError:
        return
