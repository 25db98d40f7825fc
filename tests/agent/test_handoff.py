"""Between pump and loop: bounded, in order, and on the simulated clock always the same."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.handoff import FinishedVisit, Handoff, HandoffClosed, HandoffStalled
from hardware.data import VisitKind

if TYPE_CHECKING:
    from collections.abc import Callable

SOON_S = 10.0  # a wait that ends at once when all is well


def visit(number: int, finished_s: float = 0.0, ready_s: float | None = None) -> FinishedVisit:
    return FinishedVisit(
        number, f"f{number % 3}", VisitKind.BASELINE, finished_s, finished_s, None, ready_s
    )


def in_thread(job: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Start a job; what it returns, or the exception that it raises, comes in the list."""
    came: list[object] = []

    def go() -> None:
        try:
            came.append(job())
        except Exception as error:
            came.append(error)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    return thread, came


def decide(handoff: Handoff, number: int) -> None:
    taken = handoff.take()
    assert taken is not None and taken.id == number
    handoff.decided()


def test_visits_are_dealt_with_in_the_order_in_which_they_ended() -> None:
    handoff = Handoff(simulated=False, latency_s=0.0)
    for number in (3, 1, 2):
        assert handoff.put(visit(number)) is None
    assert handoff.undecided() == 3
    for number in (3, 1, 2):
        decide(handoff, number)
    assert handoff.undecided() == 0
    handoff.close()
    assert handoff.take() is None


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("taken", [False, True])
def test_a_full_queue_drops_the_oldest_visit_that_nobody_looks_at(
    simulated: bool, taken: bool
) -> None:
    """The first is the judge's, whether the loop has come round to taking it or not: else a
    rehearsal would drop now this visit, now that."""
    handoff = Handoff(simulated=simulated, latency_s=5.0, capacity=2)
    for number in (1, 2, 3):
        if number == 2 and taken:
            assert handoff.take() is not None
        assert handoff.put(visit(number)) is None
    dropped = handoff.put(visit(4))
    assert dropped is not None and dropped.id == 2
    assert handoff.undecided() == 3
    dropped = handoff.put(visit(5))
    assert dropped is not None and dropped.id == 3


@given(
    gaps=st.lists(st.integers(0, 30), min_size=1, max_size=25),
    latency=st.integers(0, 40),
    capacity=st.integers(1, 4),
)
@settings(max_examples=100, deadline=None)
def test_one_judge_looks_at_one_visit_after_the_other(
    gaps: list[int], latency: int, capacity: int
) -> None:
    """Ready times are those of a judge of flesh and blood with a short queue before the door."""
    handoff = Handoff(simulated=True, latency_s=float(latency), capacity=capacity)
    waiting: list[tuple[int, float]] = []  # the model: number, finished; the first is looked at
    free_s, now_s = float("-inf"), 0.0
    first_ready_s = 0.0

    def next_one(after_s: float) -> float:
        return max(after_s, waiting[0][1]) + latency

    for number, gap in enumerate(gaps):
        now_s += gap
        while waiting and first_ready_s <= now_s:  # decided before anything else happens
            assert handoff.next_ready_s() == first_ready_s
            decide(handoff, waiting.pop(0)[0])
            free_s = first_ready_s
            if waiting:
                first_ready_s = next_one(free_s)
        waiting.append((number, now_s))
        if len(waiting) == 1:
            first_ready_s = next_one(free_s)
        model_drops = waiting.pop(1)[0] if len(waiting) > capacity + 1 else None
        dropped = handoff.put(visit(number, now_s))
        assert (dropped.id if dropped else None) == model_drops
        assert handoff.next_ready_s() == first_ready_s
        assert handoff.undecided() == len(waiting)


def test_a_resumed_run_goes_on_with_the_times_it_had() -> None:
    """What was ready stays ready then; what was not yet queues up behind the last verdict."""
    handoff = Handoff(simulated=True, latency_s=5.0)
    handoff.after(40.0)
    handoff.put(visit(1, 20.0, ready_s=40.0))  # decided, its lap is repeated
    handoff.put(visit(2, 30.0))
    handoff.put(visit(3, 60.0))
    ready = []
    while (taken := handoff.take()) is not None:
        ready.append(handoff.ready_s(taken.id))
        handoff.decided()
        if len(ready) == 3:
            handoff.close()
    assert ready == [40.0, 45.0, 65.0]


def test_a_real_pump_never_waits_for_the_mind() -> None:
    handoff = Handoff(simulated=False, latency_s=1e6)
    handoff.put(visit(1))
    handoff.settle(1e9)
    assert handoff.next_ready_s() is None
    taken = handoff.take()
    assert taken is not None and handoff.ready_s(taken.id) is None
    handoff.wait_turn(1e9)


def test_in_a_rehearsal_the_pump_waits_for_what_is_ready_and_for_nothing_else() -> None:
    handoff = Handoff(simulated=True, latency_s=5.0)
    handoff.put(visit(1, 0.0))
    handoff.settle(4.9)
    pump, _ = in_thread(lambda: handoff.settle(5.0))
    pump.join(0.05)
    assert pump.is_alive()
    decide(handoff, 1)
    pump.join(SOON_S)
    assert not pump.is_alive()


def test_in_a_rehearsal_no_decision_falls_before_its_time() -> None:
    handoff = Handoff(simulated=True, latency_s=5.0)
    handoff.put(visit(1, 0.0))
    loop, _ = in_thread(lambda: handoff.wait_turn(5.0))
    handoff.settle(4.0)
    loop.join(0.05)
    assert loop.is_alive()
    pump, _ = in_thread(lambda: handoff.settle(6.0))
    loop.join(SOON_S)
    assert not loop.is_alive() and pump.is_alive()
    decide(handoff, 1)
    pump.join(SOON_S)
    assert not pump.is_alive()


@pytest.mark.parametrize("simulated", [False, True])
def test_closing_lets_everybody_go(simulated: bool) -> None:
    handoff = Handoff(simulated=simulated, latency_s=5.0)
    pump, _ = in_thread(lambda: handoff.settle(10.0))
    turn, turned = in_thread(lambda: handoff.wait_turn(99.0))
    loop, taken = in_thread(handoff.take)
    handoff.close()
    for thread in (pump, turn, loop):
        thread.join(SOON_S)
        assert not thread.is_alive()
    assert taken == [None]
    assert isinstance(turned[0], HandoffClosed) == simulated


def test_what_is_undecided_when_a_real_run_ends_still_gets_its_turn() -> None:
    handoff = Handoff(simulated=False, latency_s=0.0)
    handoff.put(visit(1))
    handoff.close()
    decide(handoff, 1)
    assert handoff.take() is None


def test_when_a_rehearsal_ends_no_verdict_becomes_ready_any_more() -> None:
    """It would be decided before visits that were due earlier, and a resume would differ."""
    handoff = Handoff(simulated=True, latency_s=5.0)
    handoff.put(visit(1, 0.0))
    handoff.put(visit(2, 0.0))
    handoff.settle(4.0)
    assert handoff.take() is not None
    handoff.close()
    with pytest.raises(HandoffClosed):
        handoff.wait_turn(5.0)
    assert handoff.take() is None and handoff.undecided() == 2


def test_a_lost_partner_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.handoff.WATCHDOG_S", 0.1)
    handoff = Handoff(simulated=True, latency_s=5.0)
    handoff.put(visit(1, 0.0))
    pump, came = in_thread(lambda: handoff.settle(5.0))
    pump.join(SOON_S)
    assert isinstance(came[0], HandoffStalled)


def test_a_slow_partner_is_not_taken_for_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many visits are ready at once and each takes the judge long: that is progress."""
    monkeypatch.setattr("agent.handoff.WATCHDOG_S", 1.0)
    handoff = Handoff(simulated=True, latency_s=0.0)
    for number in range(6):
        handoff.put(visit(number, 0.0))
    pump, came = in_thread(lambda: handoff.settle(5.0))
    for number in range(6):
        time.sleep(0.25)
        decide(handoff, number)
    pump.join(SOON_S)
    assert came == [None]


@pytest.mark.parametrize(
    ("now_s", "awaited"),
    [
        pytest.param(3.0, {"f1": 12.0, "f2": 13.0}, id="both within the deadline"),
        pytest.param(11.5, {"f1": 12.0, "f2": 13.0}, id="the later visit of a field counts"),
        pytest.param(12.0, {"f2": 13.0}, id="at the deadline nobody waits any more"),
        pytest.param(13.0, {}, id="over"),
    ],
)
def test_fields_wait_for_their_verdict_until_the_deadline(
    now_s: float, awaited: dict[str, float]
) -> None:
    handoff = Handoff(simulated=True, latency_s=60.0)
    for number, finished_s in ((1, 1.0), (4, 2.0), (2, 3.0)):  # f1, f1, f2
        handoff.put(visit(number, finished_s))
    assert handoff.awaited(now_s, 10.0) == awaited
