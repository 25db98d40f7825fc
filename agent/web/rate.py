"""How often one client may ask: a bucket that fills up steadily; of a bounded number of clients."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CLIENTS = 4096


class RateLimit:
    """`burst` at once, `per_s` on average, for each client."""

    def __init__(self, per_s: float, burst: float, now: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._now = now
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take one; 0 when there was one, else the seconds until there is."""
        with self._lock:
            left = self._fill(client)
            enough = left >= 1.0
            self._left[client] = (left - 1.0 if enough else left, self._now())
            self._left.move_to_end(client)
            while len(self._left) > MOST_CLIENTS:
                self._left.popitem(last=False)
            return 0.0 if enough else (1.0 - left) / self._per_s

    def wait_s(self, client: str) -> float:
        """Seconds until there is one, without taking it."""
        with self._lock:
            return max(0.0, (1.0 - self._fill(client)) / self._per_s)

    def _fill(self, client: str) -> float:
        left, since = self._left.get(client, (self._burst, self._now()))
        return min(self._burst, left + (self._now() - since) * self._per_s)
