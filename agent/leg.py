"""One leg of a run: pump and loop in threads, until its end or a change of the plan."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.handoff import Handoff
    from agent.loop import Loop
    from agent.perception import Perception
    from agent.pump import Pump
    from agent.writer import Writer
    from hardware.store import ImageStore

SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of."""

    store: ImageStore
    writer: Writer
    handoff: Handoff
    pump: Pump
    loop: Loop
    perception: Perception


def run_leg(parts: Parts, acquire_with: Callable[[Pump], None]) -> list[BaseException]:
    """Visits until the run is over, or until a change is to be applied; what went wrong."""
    pump, loop, handoff = parts.pump, parts.loop, parts.handoff
    failures: list[BaseException] = []

    def think() -> None:
        try:
            loop.run()
        except BaseException as error:
            failures.append(error)
            pump.stop(Outcome.FAILED, f"loop: {in_one_line(error)}")
            handoff.close()

    def acquire() -> None:
        try:
            try:
                acquire_with(pump)
            finally:
                parts.writer.close()
        except BaseException as error:
            failures.append(error)
            pump.stop(Outcome.FAILED, in_one_line(error))
        finally:
            handoff.close(leave=pump.changing)  # the next leg deals with them

    threads = [
        threading.Thread(target=think, name="loop"),
        threading.Thread(target=acquire, name="pump"),
    ]
    # while the loop computes, the pump would wait up to 5 ms for the interpreter after every
    # device call; acquisition goes first
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # short waits, so that Ctrl-C reaches this thread
            thread.join(0.2)
    sys.setswitchinterval(switch_s)
    parts.perception.close()
    return failures


def in_one_line(error: BaseException) -> str:
    """What an exception says, or what it is called."""
    return " ".join(str(error).split()) or type(error).__name__
