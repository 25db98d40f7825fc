"""Following keeps the target near the middle, and never leaves its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies_watching import FIELDS, verdict

from hardware.data import VisitKind
from policies.action import Recentre
from policies.policy import Situation, View
from policies.verdict import SeenObject, Verdict
from policies.watch import WatchPolicy
from policies.watch_follow import DEAD_ZONE, LONGEST_STEP, REACH, follow
from policies.watch_parameters import WatchParameters

VIEW = View(x_um=1000, y_um=-500, dx_um=0, dy_um=0, width_um=200, height_um=100)


def thing(x: float, y: float, score: float = 0.9) -> SeenObject:
    """An object so far from the planned place."""
    return SeenObject(
        x_um=VIEW.x_um + x, y_um=VIEW.y_um + y, area_um2=100, label="mitosis", score=score
    )


def with_objects(*objects: SeenObject, p: float = 0.9) -> Verdict:
    return verdict(1, "A1", p).model_copy(update={"objects": objects})


def at(dx: float, dy: float) -> View:
    return replace(VIEW, dx_um=dx, dy_um=dy)


@pytest.mark.parametrize(
    ("objects", "view", "to", "says"),
    [
        ([thing(50, 0)], VIEW, (50, 0), "mitosis 50 um from the middle; the stage follows"),
        ([thing(-30, 20)], VIEW, (-30, 20), "36 um from the middle; the stage follows"),
        ([thing(19, 9)], VIEW, None, ""),
        ([thing(21, 0)], VIEW, (21, 0), "21 um"),
        ([thing(0, 11)], VIEW, (0, 11), "11 um"),  # the image is less high than wide
        ([thing(120, 0)], at(100, 0), (120, 0), "20 um"),
        ([thing(119, 0)], at(100, 0), None, ""),
        ([thing(101, 0)], VIEW, None, "further than half an image in one step"),
        ([thing(0, 51)], VIEW, None, "further than half an image in one step"),
        ([thing(401, 0)], at(390, 0), None, ""),
        ([thing(401, 0)], at(350, 0), None, "two images from the planned place is the furthest"),
        ([thing(0, -201)], at(0, -180), None, "two images from the planned place is the furthest"),
        ([thing(400, -200)], at(350, -180), (400, -200), "the stage follows"),
        ([thing(50, 0, 0.3), thing(-60, 0, 0.8)], VIEW, (-60, 0), "60 um"),
        ([thing(50, 0, 0.95), thing(-60, 0, 0.99)], VIEW, (50, 0), "50 um"),  # alike: the nearer
        ([thing(50, 0, 0.0)], VIEW, None, "no object to follow"),
        ([], VIEW, None, "no object to follow"),
        ([thing(50, 0)], replace(VIEW, width_um=0), None, "how much an image covers"),
    ],
)
def test_where_the_stage_goes(
    objects: list[SeenObject], view: View, to: tuple[float, float] | None, says: str
) -> None:
    action, phrase = follow(with_objects(*objects), view, "mitosis")
    assert (None if action is None else (action.dx_um, action.dy_um)) == to
    assert says in phrase and bool(says) == bool(phrase)


UM = st.floats(-1e4, 1e4)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(UM, UM, st.floats(0, 1)), max_size=5),
    st.floats(1, 500),
    st.floats(1, 500),
    st.floats(-1, 1),
    st.floats(-1, 1),
)
def test_it_never_leaves_its_bounds(
    found: list[tuple[float, float, float]], width: float, height: float, fx: float, fy: float
) -> None:
    view = View(10.0, 20.0, fx * REACH * width, fy * REACH * height, width, height)
    said = with_objects(*(thing(x, y, score) for x, y, score in found))
    action, _ = follow(said, view, "mitosis")
    if action is None:
        return
    steps = (action.dx_um - view.dx_um, action.dy_um - view.dy_um)
    for step, place, edge in zip(steps, (action.dx_um, action.dy_um), (width, height), strict=True):
        assert abs(step) <= LONGEST_STEP * edge
        assert abs(place) <= REACH * edge
    assert any(abs(s) >= DEAD_ZONE * e for s, e in zip(steps, (width, height), strict=True))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-40, 40), st.floats(-40, 40)), max_size=60))
def test_a_target_that_wanders_off_is_followed_to_the_bounds_and_no_further(
    ways: list[tuple[float, float]],
) -> None:
    view, x, y = VIEW, 0.0, 0.0
    for dx, dy in ways:
        x, y = x + dx, y + dy
        seen = abs(x - view.dx_um) <= 100 and abs(y - view.dy_um) <= 50
        action, _ = follow(with_objects(*([thing(x, y)] if seen else [])), view, "mitosis")
        if action is not None:
            view = replace(view, dx_um=action.dx_um, dy_um=action.dy_um)
        assert abs(view.dx_um) <= 400 and abs(view.dy_um) <= 200


def decided(
    kind: VisitKind = VisitKind.REACTION,
    *,
    p: float = 0.9,
    bursting: bool = True,
    wanted: bool = True,
    view: View | None = VIEW,
) -> list[Recentre]:
    """What the watch policy asks for when it sees a target 50 um off."""
    policy = WatchPolicy(WatchParameters(follow=wanted, confirm=(1, 1)))
    situation = Situation(
        kind, 3.0, 4.0, {"A1": 99.0} if bursting else {}, False, frozenset(FIELDS), view=view
    )
    said = with_objects(thing(50, 0), p=p)
    _, decision = policy.decide(policy.start(), said, replace(situation, started_s=4.0))
    return [action for action in decision.actions if isinstance(action, Recentre)]


def test_the_stage_moves_during_a_burst_only_and_with_a_target_that_is_in_view() -> None:
    assert decided() == [Recentre(fov="A1", dx_um=50, dy_um=0)]
    assert decided(wanted=False) == []
    assert decided(VisitKind.BASELINE) == []
    assert decided(bursting=False) == []
    assert decided(p=0.1) == []
    assert decided(view=None) == []
