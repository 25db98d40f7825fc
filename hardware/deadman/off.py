"""All switches at once, each again and again until the light is confirmed off."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardware.deadman.switches import Switch

FIRST_REST_S = 0.1  # between two tries; twice as long each time
LONGEST_REST_S = 5.0
EXTRA_S = 0.5  # on top of its time-out, until a try is given up with its thread


def all_off(
    switches: Sequence[Switch],
    keep_trying_s: float,
    tell: Callable[[str, int, str | None], None],
) -> tuple[str, ...]:
    """Switch everything off; the labels of those that could NOT be confirmed within that time.

    A switch that hangs or raises holds up none of the others. `tell` hears of every try.
    """
    until = time.monotonic() + keep_trying_s
    done: set[int] = set()

    def serve(index: int, switch: Switch) -> None:
        rest_s, tries = FIRST_REST_S, 0
        while True:
            tries += 1
            wrong = _once(switch)
            tell(switch.label, tries, wrong)
            if wrong is None:
                done.add(index)
                return
            if time.monotonic() + rest_s > until:
                return
            time.sleep(rest_s)
            rest_s = min(2 * rest_s, LONGEST_REST_S)

    threads = [
        threading.Thread(target=serve, args=item, name=item[1].label, daemon=True)
        for item in enumerate(switches)
    ]
    for thread in threads:
        thread.start()
    for thread, switch in zip(threads, switches, strict=True):
        thread.join(max(0.0, until - time.monotonic()) + switch.timeout_s + 2 * EXTRA_S)
    return tuple(switch.label for i, switch in enumerate(switches) if i not in done)


def _once(switch: Switch) -> str | None:
    """One try, in a thread of its own that is left alone when it overruns."""
    answer: list[str | None] = []

    def attempt() -> None:
        try:
            answer.append(switch.off())
        except Exception as error:
            answer.append(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")

    thread = threading.Thread(target=attempt, name="one try", daemon=True)
    thread.start()
    thread.join(switch.timeout_s + EXTRA_S)
    return answer[0] if answer else f"no answer within {switch.timeout_s:g} s"
