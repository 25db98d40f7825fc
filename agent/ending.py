"""How a run ended: what is said of it, from what is known when nothing moves any more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import Outcome
from agent.leg import in_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended; `error` is set when something raised."""

    outcome: Outcome
    why: str
    error: BaseException | None = None


def ending_of(
    asked: tuple[Outcome, str],
    *,
    balances: bool,
    fulfilled: str,
    left_on: str,
    failures: Sequence[BaseException],
) -> tuple[Outcome, str]:
    """Outcome and reason of a run; the worst that is known, and never better than that.

    `asked`: what the pump ended with. `balances`: the account of visits. `fulfilled`: what the plan
    wanted and has; "" where it just came to its end. `left_on`: light that could not be switched
    off, in words; "": it is off. `failures`: what raised.
    """
    outcome, why = asked
    if outcome is Outcome.RUNNING:
        outcome, why = Outcome.FAILED, "the acquisition ended before the plan did"
    if outcome is Outcome.COMPLETE and not balances:
        outcome, why = Outcome.FAILED, "the account of visits does not balance"
    if outcome is Outcome.COMPLETE and not why:
        why = fulfilled
    if failures and outcome is not Outcome.FAILED:
        outcome, why = Outcome.FAILED, _both(why, in_one_line(failures[0]))
    if left_on:
        outcome, why = Outcome.FAILED, _both(why, left_on)
    return outcome, why


def _both(first: str, second: str) -> str:
    return "; ".join(filter(None, (first, second)))
