"""The guards of a run that the service conducts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.expand import turns
from agent.live.guard_clock import ClockGuard
from agent.live.guard_memory import MemoryGuard
from agent.live.guard_touch import TouchGuard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.live.guard import Guard
    from agent.session import Session


def guards(session: Session) -> Sequence[Guard]:
    """Made anew for each leg of a run. The disk has a guard of its own, in the pump."""
    home = session.home
    touch = TouchGuard(
        session.microscope,
        session.config,
        session.plan.trouble.on_touch,
        home=home,
        turns=turns(session.plan, home),
    )
    return (touch, ClockGuard(), MemoryGuard())
