"""Which visit is made now: urgency, fairness, nobody starves."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.journal.states import VisitState
from agent.journal.visits import VisitRow
from agent.schedule import PATIENCE_S, PRIORITY, choose
from hardware.data import VisitKind

FIELDS = ("A1", "A2", "B1")


def row(
    number: int,
    fov: str = "A1",
    kind: VisitKind = VisitKind.BASELINE,
    due_s: float = 0.0,
    round_: int | None = None,
) -> VisitRow:
    return VisitRow(
        id=number,
        fov=fov,
        kind=kind,
        priority=PRIORITY[kind],
        due_s=due_s,
        round=round_,
        frames_expected=2,
        t_index=None,
        started_s=None,
        refocus=False,
        state=VisitState.PENDING,
    )


B, R, V = VisitKind.BASELINE, VisitKind.REACTION, VisitKind.REVISIT


@pytest.mark.parametrize(
    ("rows", "now_s", "last_started", "blocked", "chosen"),
    [
        pytest.param([], 0, {}, (), None, id="nothing is due"),
        pytest.param([row(1, due_s=5), row(2, due_s=3)], 9, {}, (), 2, id="the earliest due"),
        pytest.param(
            [row(1, kind=B), row(2, kind=R, due_s=9)], 10, {}, (), 2, id="a reaction first"
        ),
        pytest.param(
            [row(1, kind=R), row(2, kind=V, due_s=9)], 10, {}, (), 2, id="a revisit before all"
        ),
        pytest.param(
            [row(1, kind=B, due_s=0), row(2, kind=R, due_s=60)],
            60,
            {},
            (),
            1,
            id="a minute of waiting weighs as much as being a reaction",
        ),
        pytest.param(
            [row(1, kind=B, due_s=0), row(2, kind=V, due_s=119)],
            119,
            {},
            (),
            2,
            id="not yet two minutes: the revisit first",
        ),
        pytest.param(
            [row(1, kind=B, due_s=0), row(2, kind=V, due_s=120)],
            120,
            {},
            (),
            1,
            id="two minutes of waiting: the baseline before a revisit",
        ),
        pytest.param(
            [row(1, "A1"), row(2, "A2"), row(3, "B1")],
            0,
            {"A1": 30.0, "A2": 10.0, "B1": 20.0},
            (),
            2,
            id="else the field that was visited longest ago",
        ),
        pytest.param(
            [row(1, "A1"), row(2, "A2")], 0, {"A1": 0.0}, (), 2, id="or was never visited"
        ),
        pytest.param([row(7), row(3)], 0, {}, (), 3, id="else the one asked for first"),
        pytest.param(
            [row(1, "A1", V), row(2, "A2", B)], 0, {}, ("A1",), 2, id="a blocked field waits"
        ),
        pytest.param([row(1, "A1")], 0, {}, ("A1",), None, id="all are blocked"),
    ],
)
def test_the_order_of_visits(
    rows: list[VisitRow],
    now_s: float,
    last_started: dict[str, float],
    blocked: tuple[str, ...],
    chosen: int | None,
) -> None:
    choice = choose(rows, now_s, last_started=last_started, blocked=blocked)
    assert (choice.visit.id if choice.visit else None) == chosen


def test_only_a_round_that_is_followed_by_a_newer_one_is_overtaken() -> None:
    due = [
        row(1, "A1", due_s=0, round_=0),
        row(2, "A2", due_s=0, round_=0),
        row(3, "A1", due_s=60, round_=1),
        row(4, "A1", R, due_s=0),
        row(5, "A1", due_s=120, round_=2),
    ]
    choice = choose(due, 120, last_started={})
    assert [v.id for v in choice.overtaken] == [1, 3]
    assert choice.visit is not None and choice.visit.id == 4
    kept = choose(due, 120, last_started={}, skip_overtaken=False)
    assert kept.overtaken == () and kept.visit is not None and kept.visit.id == 4


def test_a_round_is_overtaken_while_its_field_waits_for_a_verdict() -> None:
    due = [row(1, "A1", due_s=0, round_=0), row(2, "A1", due_s=60, round_=1)]
    choice = choose(due, 60, last_started={}, blocked=("A1",))
    assert [v.id for v in choice.overtaken] == [1] and choice.visit is None


times = st.integers(0, 600).map(float)
kinds = st.sampled_from([B, B, B, R, V])


@st.composite
def queues(draw: st.DrawFn) -> tuple[list[VisitRow], float]:
    now_s = draw(st.integers(0, 900).map(float))
    visits = [
        row(
            number,
            draw(st.sampled_from(FIELDS)),
            kind := draw(kinds),
            due_s=min(draw(times), now_s),
            round_=draw(st.integers(0, 4)) if kind is B else None,
        )
        for number in range(1, draw(st.integers(0, 12)) + 1)
    ]
    return visits, now_s


@given(
    queue=queues(),
    last_started=st.dictionaries(st.sampled_from(FIELDS), times),
    blocked=st.sets(st.sampled_from(FIELDS)),
    skip=st.booleans(),
    seed=st.randoms(use_true_random=False),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_due_the_choice_is_allowed_fair_and_always_the_same(
    queue: tuple[list[VisitRow], float],
    last_started: dict[str, float],
    blocked: set[str],
    skip: bool,
    seed: random.Random,
) -> None:
    due, now_s = queue
    choice = choose(due, now_s, last_started=last_started, blocked=blocked, skip_overtaken=skip)
    shuffled = seed.sample(due, len(due))
    again = choose(shuffled, now_s, last_started=last_started, blocked=blocked, skip_overtaken=skip)
    assert again.visit == choice.visit and set(again.overtaken) == set(choice.overtaken)

    for old in choice.overtaken:
        assert skip and old.round is not None
        assert any(n.fov == old.fov and n.round is not None and n.round > old.round for n in due)
    open_ = [v for v in due if v not in choice.overtaken and v.fov not in blocked]
    if not open_:
        assert choice.visit is None
        return
    visit = choice.visit
    assert visit in open_ and visit.due_s <= now_s
    for other in open_:  # whoever goes first was not due much later than who has to wait
        ahead_s = PATIENCE_S * (visit.priority - other.priority + 1)
        assert visit.due_s <= other.due_s + max(ahead_s, 0.0)


@given(
    arrivals=st.lists(st.tuples(times, st.sampled_from(FIELDS), kinds), min_size=1, max_size=40),
    service_s=st.floats(0.5, 120),
)
@settings(max_examples=150, deadline=None)
def test_nobody_starves_however_visits_arrive(
    arrivals: list[tuple[float, str, VisitKind]], service_s: float
) -> None:
    """Only visits due up to three minutes after a visit may go before it: a bounded wait."""
    waiting = [row(n, fov, kind, due_s) for n, (due_s, fov, kind) in enumerate(arrivals, 1)]
    now_s, started = 0.0, dict[str, float]()
    while waiting:
        due = [v for v in waiting if v.due_s <= now_s]
        visit = choose(due, now_s, last_started=started, skip_overtaken=False).visit
        if visit is None:
            assert not due
            now_s = min(v.due_s for v in waiting)
            continue
        most_s = PATIENCE_S * (1 + max(PRIORITY.values()))
        assert all(visit.due_s <= other.due_s + most_s for other in due)
        started[visit.fov] = now_s
        waiting.remove(visit)
        now_s += service_s


def test_fields_with_equal_claims_take_turns() -> None:
    """One field's visits do not all go first, although they were asked for first."""
    waiting = [row(n, FIELDS[n // 5]) for n in range(15)]
    order, started = [], dict[str, float]()
    for now in range(15):
        visit = choose(waiting, float(now), last_started=started).visit
        assert visit is not None
        waiting.remove(visit)
        started[visit.fov] = float(now)
        order.append(visit.fov)
    assert order == list(FIELDS) * 5
