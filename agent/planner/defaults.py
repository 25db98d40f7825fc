"""Named values that are filled in where nobody said one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.planner.draft import Said
from agent.planner.source import Default

if TYPE_CHECKING:
    pass

BURST_S = 1800.0


UNTIL_GONE_S = 3600.0


def named_default(slot: str, value: Any, name: str, why: str) -> Said:
    """A value with the name of the default that it comes from."""
    return Said(slot, value, Default(name, why))
