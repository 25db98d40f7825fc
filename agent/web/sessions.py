"""Sessions of the page: on the server's side, in memory; the browser has a random id only."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.web.tokens import Role

MOST_SESSIONS = 200
LONGEST_S = 7 * 86400.0


@dataclass(slots=True)
class PageSession:
    """Somebody who has logged in.

    Attributes
    ----------
    csrf : what a form or a script must send along; the browser's cookie is not enough.
    stamp : of the token it was opened with.
    opened_s, used_s : monotonic seconds.
    """

    name: str
    role: Role
    stamp: str = field(repr=False)
    csrf: str = field(repr=False)
    opened_s: float
    used_s: float


class Sessions:
    """All of them; the one that was used longest ago goes when there are too many."""

    def __init__(self, idle_s: float, now: Callable[[], float]) -> None:
        self._idle_s = idle_s
        self._now = now
        self._lock = threading.Lock()
        self._open: OrderedDict[str, PageSession] = OrderedDict()

    def open(self, name: str, role: Role, stamp: str) -> tuple[str, PageSession]:
        """A new session, and the id for the cookie (kept as a hash here)."""
        id_, now = secrets.token_urlsafe(32), self._now()
        session = PageSession(name, role, stamp, secrets.token_urlsafe(32), now, now)
        with self._lock:
            self._open[_hash(id_)] = session
            while len(self._open) > MOST_SESSIONS:
                self._open.popitem(last=False)
        return id_, session

    def find(self, id_: str, stamp: Callable[[Role], str]) -> PageSession | None:
        """The session of a cookie; None when it is unknown, too old, or its token was replaced."""
        key, now = _hash(id_), self._now()
        with self._lock:
            session = self._open.get(key)
            if session is None:
                return None
            old = now - session.used_s > self._idle_s or now - session.opened_s > LONGEST_S
            if old or stamp(session.role) != session.stamp:
                del self._open[key]
                return None
            session.used_s = now
            self._open.move_to_end(key)
            return session

    def close(self, id_: str) -> None:
        """Log out."""
        with self._lock:
            self._open.pop(_hash(id_), None)


def _hash(id_: str) -> str:
    return hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()
