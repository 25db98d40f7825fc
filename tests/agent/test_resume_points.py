"""Interrupted anywhere and resumed, a rehearsal is the one that was never interrupted."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_kit import (
    EAGER,
    Judge,
    assert_sound,
    ends,
    moody,
    one,
    opened,
    plan,
    record,
    resumed,
)

from agent.act import Actor
from agent.checkpoints import JournalSaver
from agent.journal.light import LightBook
from agent.journal.mind import MindBook
from agent.journal.states import Outcome
from agent.journal.visits import VisitBook
from agent.progress import Quiet
from hardware.store import ImageStore

if TYPE_CHECKING:
    from pathlib import Path

    from agent.session import Session

PLAN = plan(
    fields=2,
    rounds=3,
    latency_s=4,
    policy=EAGER,
    reaction={"interval_s": 5, "duration_s": 20},
    autofocus={"channel": "DAPI", "exposure_ms": 5, "range_um": 6, "retries": 0},
)


class Interrupted(RuntimeError):
    """What the test throws into the works."""


# where to interrupt: the class, the method, before or after its work
POINTS: dict[str, tuple[type, str, str]] = {
    "a visit is about to start": (VisitBook, "start", "before"),
    "a visit is about to be said to run": (VisitBook, "start", "after"),
    "the ledger is about to be written": (LightBook, "write", "before"),
    "between ledger and light": (LightBook, "write", "after"),
    "between light and image": (LightBook, "done", "before"),
    "the image has come": (LightBook, "done", "after"),
    "a frame is about to be stored": (ImageStore, "write", "before"),
    "between store and journal": (ImageStore, "write", "after"),
    "a frame is in the journal": (LightBook, "frame", "after"),
    "one image of a sweep is known": (LightBook, "focus_step", "after"),
    "a sweep is about to be over": (LightBook, "focus_found", "before"),
    "a sweep is over": (LightBook, "focus_found", "after"),
    "a visit is about to be over": (VisitBook, "finish", "before"),
    "a visit is over": (VisitBook, "finish", "after"),
    "a verdict is about to be written": (MindBook, "write_verdict", "before"),
    "a verdict is known": (MindBook, "write_verdict", "after"),
    "a decision is about to be applied": (Actor, "apply", "before"),
    "a decision is about to be committed": (MindBook, "write_decision", "after"),
    "a decision is committed": (Actor, "apply", "after"),
    "a lap is about to be checkpointed": (JournalSaver, "put", "before"),
    "a lap is checkpointed": (JournalSaver, "put", "after"),
}


def armed(point: str, nth: int) -> Any:
    """The n-th time that the work comes there, it is interrupted, and never goes on."""
    owner, name, when = POINTS[point]
    really = getattr(owner, name)
    calls = [0]

    @functools.wraps(really)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if when == "before" and calls[0] >= nth:
            raise Interrupted(point)
        result = really(self, *args, **kwargs)
        if calls[0] >= nth:
            raise Interrupted(point)
        return result

    return mock.patch.object(owner, name, method)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    with opened(run, PLAN, judge=Judge(moody)) as session:
        session.begin()
        assert ends(session).outcome is Outcome.COMPLETE
    found = record(run)
    assert len(found["bursts"]) > 0 and len(found["focus"]) > 1, "nothing happens in this plan"
    return found, one(run, "SELECT count(*) FROM exposures")


def interrupted_run(run: Path, *stops: tuple[str, int]) -> int:
    """Run with these interruptions, one after the other; returns how many there were."""
    happened, fresh = 0, True
    for point, nth in stops:
        with armed(point, nth), opened(run, PLAN, judge=Judge(moody)) as session:
            session.begin() if fresh else session.resume()
            ending = ends(session)
        fresh = False
        if ending.outcome is Outcome.COMPLETE:
            return happened
        assert ending.outcome is Outcome.FAILED and point in ending.why
        assert one(run, "SELECT value FROM run WHERE key='outcome'") == "failed"
        happened += 1
    assert resumed(run, PLAN, judge=Judge(moody)).outcome is Outcome.COMPLETE
    return happened


def assert_same(run: Path, undisturbed: tuple[dict[str, Any], int], interruptions: int) -> None:
    reference, exposures = undisturbed
    found = record(run)
    for name, expected in reference.items():
        assert found[name] == expected, f"{name} differ from the undisturbed run"
    extra = one(run, "SELECT count(*) FROM exposures") - exposures
    assert 0 <= extra <= interruptions, "more light than one exposure for each interruption"


@pytest.mark.parametrize("point", POINTS)
def test_interrupted_once_and_resumed_nothing_is_lost_and_nothing_twice(
    tmp_path: Path, undisturbed: tuple[dict[str, Any], int], point: str
) -> None:
    nth = 2 if "sweep" in point else 5
    assert interrupted_run(tmp_path / "run", (point, nth)) == 1
    assert_same(tmp_path / "run", undisturbed, 1)


@given(
    stops=st.lists(
        st.tuples(st.sampled_from(sorted(POINTS)), st.integers(1, 25)), min_size=2, max_size=4
    )
)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_interrupted_again_and_again_it_is_still_the_same_run(
    tmp_path_factory: pytest.TempPathFactory,
    undisturbed: tuple[dict[str, Any], int],
    stops: list[tuple[str, int]],
) -> None:
    run = tmp_path_factory.mktemp("again") / "run"
    happened = interrupted_run(run, *stops)
    assert_same(run, undisturbed, happened)


class StopAt(Quiet):
    """Stops the session when its n-th visit begins."""

    def __init__(self, nth: int) -> None:
        self.session: Session | None = None
        self._left = nth

    def visit_started(self, visit_id: int, fov: str, kind: str, time_s: float) -> None:
        self._left -= 1
        if self._left == 0 and self.session is not None:
            self.session.stop("the test")


@pytest.mark.parametrize("nth", [1, 4, 8])
def test_stopped_in_order_and_resumed_it_is_the_run_that_was_never_stopped(
    tmp_path: Path, undisturbed: tuple[dict[str, Any], int], nth: int
) -> None:
    run, view = tmp_path / "run", StopAt(nth)
    with opened(run, PLAN, judge=Judge(moody), progress=view) as session:
        view.session = session
        session.begin()
        ending = ends(session)
    assert (ending.outcome, ending.why) == (Outcome.STOPPED, "the test")
    assert one(run, "SELECT count(*) FROM visits WHERE state='running'") == 0
    assert one(run, "SELECT count(*) FROM visits WHERE state='delivered'") == nth
    assert resumed(run, PLAN, judge=Judge(moody)).outcome is Outcome.COMPLETE
    assert_same(run, undisturbed, 0)
    assert_sound(run, PLAN)
