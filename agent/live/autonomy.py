"""What an action means for sample and instrument, and what the plan lets the agent do by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from policies.action import Burst, ChangeExposure, ChangeObjective, Keep, Stop

if TYPE_CHECKING:
    from agent.plan_options import AutonomyConfig, Mode
    from policies.action import Action


class Consequence(StrEnum):
    """How hard an action is to take back."""

    REVERSIBLE = "reversible"
    COSTLY = "costly"
    IRREVERSIBLE = "irreversible"


def consequence(action: Action) -> Consequence:
    """Of one action. A kind that is not listed as harmless would be irreversible."""
    if isinstance(action, Keep | ChangeObjective):
        return Consequence.IRREVERSIBLE
    if isinstance(action, Burst | ChangeExposure | Stop):  # a stopped run can be resumed
        return Consequence.COSTLY
    if action.action in ("end_burst", "revisit", "refocus", "wait", "recentre", "ask"):
        return Consequence.REVERSIBLE
    return Consequence.IRREVERSIBLE


def ordered(action: Action) -> bool:
    """Whether the plan orders it by a key of its own: approved together with the plan."""
    return isinstance(action, Keep) or (isinstance(action, Stop) and bool(action.reached))


def mode(autonomy: AutonomyConfig, action: Action, *, attended: bool) -> Mode:
    """`auto`, `ask` or `refuse`."""
    if ordered(action):
        return "auto"
    table = autonomy.attended if attended else autonomy.unattended
    found: Mode = getattr(table, consequence(action))
    return found
