"""What becomes of an experiment when its runner has ended: one row for each kind of end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from agent.service.experiment import Experiment
from agent.service.light import Light
from agent.service.outcome import Facts, end_of
from agent.service.states import Door, ExperimentState, Reason

State = ExperimentState
LIGHT = Light(1, True, "read back at its end")


def facts(code: int, *, state: State = State.RUNNING, restarts: int = 0, **known: Any) -> Facts:
    """Of a run that images, unless `known` says otherwise."""
    one = Experiment(
        id=1, name="night", goal="", words="", plan="", described=(), who="Ada", door=Door.API,
        submitted_utc=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), start_utc=None, after=None,
        state=state, why="", run="run", differences=("old",), restarts=restarts,
        reason=Reason.NONE,
    )  # fmt: skip
    usual: dict[str, Any] = {
        "imaged": True, "outcome": "running", "why": "", "refused": (), "differences": (),
        "comparing": False, "given_up": False, "light": LIGHT, "pressed": "", "attended": False,
        "may_go_on": False, "most_restarts": 3,
    }  # fmt: skip
    return Facts(one=one, code=code, **usual | known)


STARTING: dict[str, Any] = {"state": State.STARTING}
ENDS = [
    (facts(0), State.COMPLETE, "", "done"),
    (facts(130, why="commanded by Ada"), State.STOPPED, "commanded by Ada", "trouble"),
    (facts(130), State.STOPPED, "stopped", "trouble"),
    (facts(1, refused=("a", "b"), why="c"), State.FAILED, "a; b", "trouble"),
    (facts(1, why="c"), State.FAILED, "c", "trouble"),
    (facts(2), State.FAILED, "see its log", "trouble"),
    (facts(2, **STARTING), State.HELD, "it could not go on: see its log", "trouble"),
    (facts(2, imaged=False, **STARTING), State.FAILED, "see its log", "trouble"),
    (facts(134, outcome="complete"), State.COMPLETE, "", "done"),
    (facts(134, outcome="failed", why="c"), State.FAILED, "c", "trouble"),
    (facts(1, outcome="complete"), State.FAILED, "see its log", "trouble"),
    (facts(-9), State.HELD, "its runner died while it ran (signal 9)", "trouble"),
    (facts(134), State.HELD, "its runner died while it ran (exit code 134)", "trouble"),
    (facts(-9, pressed="by Ada"), State.HELD, "by Ada; its runner had to be killed", "trouble"),
    (
        facts(-9, restarts=3, comparing=True),
        State.HELD,
        "its runner dies while it compares instrument and journal (signal 9)",
        "trouble",
    ),
    (
        facts(-9, imaged=False),
        State.FAILED,
        "its runner died before anything was imaged (signal 9)",
        "trouble",
    ),
    (facts(3, may_go_on=True), State.HELD, "goes on", "trouble"),
    (
        facts(3, may_go_on=True, differences=("x",)),
        State.HELD,
        "1 difference between instrument and journal; light off",
        "trouble",
    ),
    (
        facts(3, attended=True),
        State.HELD,
        "interrupted; the instrument is as the journal left it; light off",
        "question",
    ),
]


@pytest.mark.parametrize(("known", "state", "why", "kind"), ENDS)
def test_an_end_is_what_the_facts_say(known: Facts, state: State, why: str, kind: str) -> None:
    end = end_of(known)
    assert end.said is not None
    assert (end.state, end.why, end.said.kind) == (state, why, kind)
    assert end.reason.to_be_compared is ("while it ran" in why)
    assert end.goes_on is (why == "goes on")


def test_what_would_not_begin_either_is_held_back() -> None:
    """Only where nothing was imaged: a fault in a run of its own says nothing of the next one."""
    held = [bool(end_of(known).holds_queue) for known, *_ in ENDS]
    assert held == [not known.imaged for known, *_ in ENDS]


def test_differences_that_were_accepted_are_those_of_the_last_comparison() -> None:
    assert end_of(facts(3)).differences == ()
    assert end_of(facts(3, differences=("x", "y"))).differences == ("x", "y")
    assert end_of(facts(-9)).differences is None, "nobody has compared"


def test_a_run_goes_on_and_dies_so_often_only() -> None:
    assert end_of(facts(3, may_go_on=True, restarts=1)).restarts == 2
    assert end_of(facts(-9, restarts=1)).restarts == 1
    died = end_of(facts(-9, restarts=1, comparing=True))
    assert (died.restarts, died.rests, died.reason) == (2, True, Reason.RUNNER_DIED)
    assert not end_of(facts(-9, restarts=3, comparing=True)).reason.to_be_compared
