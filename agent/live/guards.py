"""The guards of a run that the service conducts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.live.guard import Guard
    from agent.session import Session


def guards(session: Session) -> Sequence[Guard]:
    """Made anew for each leg of a run."""
    return ()
