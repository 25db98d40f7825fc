"""What is said of a run at its end is the worst that is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.ending import ending_of
from agent.journal.states import Outcome

KNOWN: dict[str, Any] = {"balances": True, "fulfilled": "", "left_on": "", "failures": ()}
ON = "could NOT switch off: LED"
WELL, WANTED, UNBALANCED = (
    (Outcome.COMPLETE, ""),
    (Outcome.COMPLETE, "ten cells"),
    (Outcome.FAILED, "the account of visits does not balance"),
)


@pytest.mark.parametrize(
    ("asked", "known", "said"),
    [
        (WELL, {}, WELL),
        (WELL, {"fulfilled": "ten cells"}, WANTED),
        (WANTED, {"fulfilled": "another"}, WANTED),
        (WELL, {"balances": False}, UNBALANCED),
        (WELL, {"balances": False, "fulfilled": "ten cells"}, UNBALANCED),
        (WELL, {"failures": (OSError("disk"),)}, (Outcome.FAILED, "disk")),
        (WANTED, {"failures": (OSError("disk"),)}, (Outcome.FAILED, "ten cells; disk")),
        (WELL, {"left_on": ON}, (Outcome.FAILED, ON)),
        (
            (Outcome.STOPPED, "commanded by Ada"),
            {"left_on": ON, "failures": (OSError("disk"),)},
            (Outcome.FAILED, f"commanded by Ada; disk; {ON}"),
        ),
        ((Outcome.STOPPED, "commanded by Ada"), {}, (Outcome.STOPPED, "commanded by Ada")),
        (
            (Outcome.FAILED, "the first"),
            {"failures": (OSError("the second"),)},
            (Outcome.FAILED, "the first"),
        ),
        (
            (Outcome.RUNNING, ""),
            {"failures": (OSError("disk"),)},
            (Outcome.FAILED, "the acquisition ended before the plan did"),
        ),
    ],
)
def test_an_ending_is_the_worst_that_is_known(
    asked: tuple[Outcome, str], known: dict[str, Any], said: tuple[Outcome, str]
) -> None:
    assert ending_of(asked, **KNOWN | known) == said
