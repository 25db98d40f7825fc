"""The baseline written out as visits: the same events as useq's, in the same order."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from plan_kit import PLAN, changed
from plan_strategies import plans

from agent.expand import (
    baseline_visits,
    channels,
    due_times,
    event_templates,
    fields,
)
from agent.expand import (
    planes as planes_of,
)
from agent.places import safe_name, unique_names
from agent.plan import Plan
from hardware.data import FieldOfView, VisitKind

if TYPE_CHECKING:
    import useq

Shot = tuple[float | None, float | None, float | None, str | None, float | None, int]


def shot(event: useq.MDAEvent) -> Shot:
    channel = event.channel.config if event.channel else None
    z_index = event.index.get("z", 0)
    return (event.x_pos, event.y_pos, event.z_pos, channel, event.exposure, z_index)


def plan_of(*changes: tuple[str, Any]) -> Plan:
    return Plan.model_validate(changed(PLAN, *changes))


@settings(deadline=None, max_examples=60)
@given(plans())
def test_visits_are_useqs_own_iteration_grouped_by_time_and_place(plan: Plan) -> None:
    def place(event: useq.MDAEvent) -> tuple[int, int, int]:
        t, p, g = (event.index.get(axis, 0) for axis in "tpg")
        return t, p, g

    theirs = [
        (key[0], events[0].min_start_time or 0.0, [shot(event) for event in events])
        for key, group in groupby(plan.baseline, key=place)
        if (events := list(group))
    ]
    ours = [
        (visit.round, visit.due_s, [shot(event) for event in visit.events])
        for visit in baseline_visits(plan)
    ]
    assert ours == theirs


@settings(deadline=None, max_examples=60)
@given(plans())
def test_every_visit_is_complete_and_fits_the_store(plan: Plan) -> None:
    axis, planes, places = channels(plan), len(planes_of(plan)), fields(plan)
    assert len({fov.name.casefold() for fov in places}) == len(places)
    for kind in VisitKind:
        for fov in places:
            events = event_templates(plan, fov, kind)
            keys = [(event.index["c"], event.index["z"]) for event in events]
            assert len(set(keys)) == len(keys) > 0
            assert all(axis[c] == e.channel for (c, _), e in zip(keys, events, strict=True))
            assert all(0 <= z < planes for _, z in keys)
            assert all(e.pos_name == fov.name for e in events)
            assert all((e.x_pos, e.y_pos) == (fov.x_um, fov.y_um) for e in events)
            assert all(e.z_pos is not None and e.sequence is None for e in events)


def test_reaction_channels_take_their_place_on_the_stores_channel_axis() -> None:
    plan = plan_of(
        ("reaction.channels", [{"config": "Cy5", "exposure": 5}, {"config": "FITC", "exposure": 7}])
    )
    assert channels(plan) == ("DAPI", "FITC", "Cy5")
    fov = fields(plan)[0]
    reaction = event_templates(plan, fov, VisitKind.REACTION)
    assert [(e.index["c"], e.exposure) for e in reaction] == [(2, 5.0), (1, 7.0)]
    for kind in (VisitKind.BASELINE, VisitKind.REVISIT, VisitKind.SEARCH):
        assert [e.index["c"] for e in event_templates(plan, fov, kind)] == [0, 1]


def test_planes_follow_a_field_that_was_refocused() -> None:
    plan = plan_of(("baseline.z_plan", {"range": 4, "step": 2}))
    fov = FieldOfView("A1", 1.0, 2.0, 10.0)
    assert [e.z_pos for e in event_templates(plan, fov, VisitKind.BASELINE)][:3] == [8, 10, 12]


def test_due_times_of_several_phases() -> None:
    plan = plan_of(
        ("baseline.time_plan", [{"interval": 10, "loops": 3}, {"interval": 60, "duration": 120}])
    )
    assert due_times(plan) == (0, 10, 20, 80, 140)
    assert [v.round for v in baseline_visits(plan)][::3] == [0, 1, 2, 3, 4]


def test_without_a_time_plan_there_is_one_round() -> None:
    data = changed(PLAN)
    del data["baseline"]["time_plan"]
    assert [v.due_s for v in baseline_visits(Plan.model_validate(data))] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_missing_coordinate_is_never_made_up(axis: str) -> None:
    data = changed(PLAN)
    del data["baseline"]["stage_positions"][1][axis]
    with pytest.raises(ValueError, match=rf"baseline.stage_positions\[1\].{axis}: missing"):
        fields(Plan.model_validate(data))


def test_the_zero_that_useq_gives_wells_is_not_taken_for_a_z() -> None:
    plate = {"plate": "96-well", "a1_center_xy": [0, 0], "selected_wells": [[0], [0]]}
    with pytest.raises(ValueError, match="z: missing"):
        fields(plan_of(("baseline.stage_positions", plate)))
    plate["well_points_plan"] = {"z": 0}
    assert fields(plan_of(("baseline.stage_positions", plate))) == (
        FieldOfView("A1", 0.0, 0.0, 0.0),
    )


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["A1", "a1", "A1"], ["A1", "a1_2", "A1_3"]),
        (["a/b", "a b", "../x"], ["a_b", "a_b_2", "x"]),
        (["", "...", "é"], ["p", "p_2", "p_3"]),
        (["A", "A_2", "A"], ["A", "A_2", "A_3"]),
        (["con", "COM1.txt"], ["con_", "COM1.txt_"]),
    ],
)
def test_names_are_safe_and_unique(wanted: list[str], names: list[str]) -> None:
    assert unique_names(wanted) == names


def test_long_names_are_cut() -> None:
    assert len(safe_name("x" * 500)) == 64


def test_fifty_thousand_visits_share_their_events() -> None:
    plan = plan_of(("baseline.time_plan", {"interval": 10, "loops": 17_000}))
    visits = baseline_visits(plan)
    assert len(visits) == 51_000
    assert len({id(visit.events) for visit in visits}) == 3
