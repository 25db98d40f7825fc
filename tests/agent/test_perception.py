"""Whatever a judge does, the answer is an honest verdict on the visit that was asked about."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from run_kit import Judge, frame_of, plan, verdict

from agent.handoff import FinishedVisit
from agent.journal.journal import Journal
from agent.journal.states import VerdictState
from agent.perception import Perception, give_up
from hardware.data import VisitKind
from hardware.store import StoreError
from policies.verdict import abstention

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hardware.data import Frame

PIXELS = np.ones((4, 4), np.uint16)


class Clock:
    """Run time that stands where it was put."""

    simulated = False

    def __init__(self) -> None:
        self.time_s = 100.0

    def now(self) -> float:
        return self.time_s

    def utc(self) -> Any:
        raise NotImplementedError

    def sleep_until(self, t_s: float, wake: threading.Event | None = None) -> None:
        raise NotImplementedError


def visit(number: int = 3, *, finished_s: float = 100.0, frames: bool = True) -> FinishedVisit:
    held = (frame_of(number, 0, "p0", 0, PIXELS),) if frames else None
    return FinishedVisit(number, "p0", VisitKind.BASELINE, finished_s - 1, finished_s, held)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(tmp_path, lambda: 0.0, durable=False)) as opened:
        yield opened


def perceive(
    journal: Journal,
    judge: Judge,
    *,
    clock: Clock | None = None,
    deadline_s: float = 30.0,
    frames_of: Any = lambda _: (),
) -> Perception:
    config = plan(deadline_s=deadline_s, latency_s=2.5).judge
    return Perception(judge, config, "mitosis", journal, clock or Clock(), frames_of)


def raises(error: BaseException) -> Any:
    def answer(_: Sequence[Frame]) -> Any:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "state", "why", "is_error"),
    [
        pytest.param(lambda _: verdict(3, "p0", 0.9), "given", "", False, id="a verdict"),
        pytest.param(
            lambda _: abstention(3, "p0", "test", "mitosis", "too dark"),
            "abstained",
            "too dark",
            False,
            id="it does not know",
        ),
        pytest.param(raises(ValueError("boom")), "failed", "boom", True, id="it raises"),
        pytest.param(raises(KeyError("k")), "failed", "k", True, id="it raises something else"),
        pytest.param(raises(MemoryError()), "failed", "judge", True, id="it runs out of memory"),
        pytest.param(raises(SystemExit(1)), "failed", "judge", True, id="it wants to end us all"),
        pytest.param(
            raises(TimeoutError("no answer from the server")),
            "late",
            "no answer from the server",
            True,
            id="its server timed out",
        ),
        pytest.param(lambda _: None, "failed", "no verdict but NoneType", True, id="nothing"),
        pytest.param(lambda _: {"p": 1}, "failed", "no verdict but dict", True, id="garbage"),
        pytest.param(
            lambda _: verdict(4, "p0", 0.9),
            "failed",
            "verdict for visit 4, asked for 3",
            True,
            id="a verdict on another visit",
        ),
        pytest.param(
            lambda _: verdict(3, "p1", 0.9), "failed", "asked for 3", True, id="on another field"
        ),
    ],
)
@pytest.mark.parametrize("ready_s", [None, 102.5], ids=["real clock", "simulated clock"])
def test_what_a_judge_does_becomes_a_state(
    journal: Journal, answer: Any, state: str, why: str, is_error: bool, ready_s: float | None
) -> None:
    perception = perceive(journal, Judge(answer))
    judged = perception.look(visit(), ready_s)
    perception.close()
    assert judged.state == state
    assert (judged.verdict.visit_id, judged.verdict.fov) == (3, "p0")
    assert judged.verdict.abstained == (state != "given")
    assert why in judged.verdict.why_abstained
    assert judged.verdict.p_target == (0.9 if state == "given" else None)
    errors = journal.database.rows("SELECT visit, place FROM errors")
    assert errors == ([(3, "judge")] if is_error else [])
    if ready_s is not None:
        assert (judged.ready_s, judged.verdict.latency_s) == (102.5, 2.5)


def test_a_judge_that_hangs_costs_its_deadline_and_not_the_next_visit(journal: Journal) -> None:
    let_go = threading.Event()

    def answer(frames: Sequence[Frame]) -> Any:
        if frames[0].visit_id == 3:
            let_go.wait(30)
        return verdict(frames[0].visit_id, "p0", 0.9)

    perception = perceive(journal, Judge(answer), deadline_s=0.2)
    hung = perception.look(visit(3), None)
    assert hung.state is VerdictState.LATE and hung.verdict.abstained
    after = perception.look(visit(4), None)
    assert after.state is VerdictState.GIVEN and after.verdict.visit_id == 4
    let_go.set()
    perception.close()


def test_a_verdict_after_the_deadline_is_kept_but_late(journal: Journal) -> None:
    clock = Clock()

    def answer(_: Sequence[Frame]) -> Any:
        clock.time_s = 130.1
        return verdict(3, "p0", 0.9)

    judged = perceive(journal, Judge(answer), clock=clock).look(visit(), None)
    assert judged.state is VerdictState.LATE
    assert (judged.verdict.p_target, judged.ready_s) == (0.9, 130.1)


@pytest.mark.parametrize(("ready_s", "state"), [(130.0, "given"), (130.1, "late")])
def test_on_the_simulated_clock_lateness_is_computed(
    journal: Journal, ready_s: float, state: str
) -> None:
    judge = Judge(lambda _: verdict(3, "p0", 0.9))
    assert perceive(journal, judge).look(visit(), ready_s).state == state


def test_a_visit_whose_deadline_passed_in_the_queue_is_not_even_looked_at(
    journal: Journal,
) -> None:
    judge = Judge(lambda _: verdict(3, "p0", 0.9))
    judged = perceive(journal, judge).look(visit(finished_s=69.0), None)
    assert judged.state is VerdictState.LATE and judge.asked == []
    assert "too long" in judged.verdict.why_abstained


@pytest.mark.parametrize(
    ("in_store", "state"),
    [
        pytest.param((frame_of(3, 0, "p0", 0, PIXELS),), "given", id="there"),
        pytest.param((), "unjudged", id="none"),
        pytest.param(StoreError("gone"), "failed", id="lost"),
    ],
)
def test_frames_that_are_no_longer_in_memory_come_from_the_store(
    journal: Journal, in_store: Any, state: str
) -> None:
    def frames_of(number: int) -> Any:
        assert number == 3
        if isinstance(in_store, Exception):
            raise in_store
        return in_store

    judge = Judge(lambda _: verdict(3, "p0", 0.9))
    judged = perceive(journal, judge, frames_of=frames_of).look(visit(frames=False), None)
    assert judged.state == state


def test_a_visit_that_was_given_up_is_settled_and_says_why(journal: Journal) -> None:
    give_up(journal, visit(), 120.0)
    judged = journal.mind.verdict(3)
    assert judged is not None and judged.state is VerdictState.UNJUDGED
    ((decision, why),) = journal.database.rows("SELECT policy, reason FROM decisions")
    assert decision == "none" and "full" in why


def test_giving_up_a_visit_that_was_judged_already_keeps_its_verdict(journal: Journal) -> None:
    """After a resume the queue may hold such a one; a second verdict would end the run."""
    journal.mind.write_verdict(VerdictState.GIVEN, 101.0, verdict(3, "p0", 0.9))
    give_up(journal, visit(), 120.0)
    give_up(journal, visit(), 121.0)
    judged = journal.mind.verdict(3)
    assert judged is not None and judged.verdict.p_target == 0.9
    assert journal.database.row("SELECT count(*) FROM decisions") == (1,)
