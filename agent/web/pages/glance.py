"""One reading for all who look: a page that many have open costs the run as much as one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")
FRESH_S = 0.9  # pages are told of changes once a second
MOST = 64


@dataclass(slots=True)
class _Kept(Generic[T]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    read_s: float = float("-inf")
    value: T | None = None


class Glances:
    """Readings younger than `FRESH_S`. Shared by threads: one of them reads, all get it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[object]] = OrderedDict()

    def at(self, key: Hashable, read: Callable[[], T]) -> T:
        """The reading of this name, made now unless a fresh one is there."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        with kept.lock:
            began_s = self._now()
            if began_s - kept.read_s > FRESH_S:
                kept.value = read()
                kept.read_s = self._now()
            return cast("T", kept.value)

    def forget(self) -> None:
        """Somebody has done something: read anew."""
        with self._lock:
            self._kept.clear()
