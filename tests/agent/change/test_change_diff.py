"""What differs between two plans, in words; and which of it can be changed in mid-run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from change_kit import changed, every, without
from run_kit import plan

from agent.change import words
from agent.change.diff import diff
from agent.change.rules import CAN, CANNOT, cannot
from agent.change.state import RunState
from agent.expand import fields
from agent.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

WATCH: dict[str, Any] = {"policy": "watch", "target": "mitosis"}
BASE = plan(fields=3, rounds=121, interval_s=240, policy=WATCH, reaction={"interval_s": 20})
STATE = RunState(now_s=600.0, home="20X", planned=fields(BASE))

CASES: list[tuple[str, Plan, list[str]]] = [
    ("nothing", BASE, []),
    (
        "pace",
        every(BASE, 120, 241),
        [
            "baseline.time_plan: every 4 min, 121 rounds until 8 h ->"
            " every 2 min, 241 rounds until 8 h"
        ],
    ),
    (
        "the same time points written another way",
        changed(BASE, baseline__time_plan={"interval": 240, "duration": 28800}),
        [],
    ),
    (
        "phases",
        changed(
            BASE,
            baseline__time_plan={
                "phases": [{"interval": 60, "loops": 3}, {"interval": 90, "loops": 3}]
            },
        ),
        [
            "baseline.time_plan: every 4 min, 121 rounds until 8 h ->"
            " every 1 min, 3 rounds until 2 min; then every 90 s, 2 rounds until 5 min"
        ],
    ),
    ("a field less", without(BASE, "p1"), ["fields[p1]: imaged -> not imaged"]),
    (
        "a field moved",
        changed(BASE, baseline__stage_positions__2__x=50.0),
        ["fields[p2]: x 600, y 0, z 0 um -> x 50, y 0, z 0 um"],
    ),
    (
        "exposure",
        changed(BASE, baseline__channels__1__exposure=12.5),
        ["baseline.channels[FITC].exposure: 10 ms -> 12.5 ms"],
    ),
    (
        "a channel less",
        changed(BASE, baseline__channels=[{"config": "DAPI", "exposure": 10}]),
        ["baseline.channels[FITC]: imaged -> not imaged"],
    ),
    (
        "thresholds",
        changed(BASE, decide={**WATCH, "enter": 0.7, "confirm": [1, 2], "rearm_after_s": 90}),
        [
            "decide.enter: 0.6 -> 0.7",
            "decide.confirm: 2, 3 -> 1, 2",
            "decide.rearm_after_s: 10 min -> 90 s",
        ],
    ),
    (
        "reaction",
        changed(BASE, reaction={"interval_s": 10, "channels": [{"config": "FITC", "exposure": 5}]}),
        [
            "reaction.interval_s: 20 s -> 10 s",
            "reaction.channels: the baseline's -> FITC 5 ms",
        ],
    ),
    (
        "autofocus",
        changed(BASE, autofocus={"channel": "DAPI", "exposure_ms": 5}),
        ["autofocus: none -> channel DAPI, exposure_ms 5 ms"],
    ),
    (
        "budget",
        changed(BASE, budget={"dose_per_fov_j_cm2": 2, "disk_gb": 40}),
        ["budget.dose_per_fov_j_cm2: none -> 2 J/cm2", "budget.disk_gb: none -> 40 GB"],
    ),
    ("notify", changed(BASE, notify={"on": ["done"]}), ["notify.on: none -> done"]),
    ("stop", changed(BASE, stop={"after_events": 3}), ["stop.after_events: none -> 3"]),
    ("camera", changed(BASE, camera={"binning": 2}), ["camera.binning: 1 -> 2"]),
    (
        "z",
        changed(BASE, baseline__z_plan={"range": 4, "step": 2}),
        ["baseline.z_plan: none -> range 4, step 2"],
    ),
]


@pytest.mark.parametrize(("name", "new", "said"), CASES, ids=[case[0] for case in CASES])
def test_what_differs_is_said_with_old_and_new_value(name: str, new: Plan, said: list[str]) -> None:
    assert [str(change) for change in diff(BASE, new).changes] == said


@pytest.mark.parametrize(("name", "new", "said"), CASES, ids=[case[0] for case in CASES])
def test_the_inverse_has_the_same_keys_the_other_way_round(
    name: str, new: Plan, said: list[str]
) -> None:
    there, back = diff(BASE, new), diff(new, BASE)
    assert {(c.key, c.old, c.new) for c in there.changes} == {
        (c.key, c.new, c.old) for c in back.changes
    }
    assert (there.paused, there.resumed) == (back.resumed, back.paused)


@pytest.mark.parametrize(
    ("time_s", "said"),
    [(0.5, "0.5 s"), (59, "59 s"), (60, "1 min"), (240, "4 min"), (250, "250 s"), (90, "90 s"),
     (3600, "1 h"), (5400, "1 h 30 min"), (86400, "24 h"), (86401, "86401 s")],
)  # fmt: skip
def test_two_times_that_differ_never_read_alike(time_s: float, said: str) -> None:
    assert words.seconds(time_s) == said


POSSIBLE: list[Callable[[], Plan]] = [
    lambda: every(BASE, 120, 241),
    lambda: every(BASE, 240, 30),
    lambda: without(BASE, "p0", "p2"),
    lambda: changed(BASE, baseline__channels__0__exposure=3),
    lambda: changed(BASE, decide={**WATCH, "enter": 0.9}),
    lambda: changed(BASE, decide={"policy": "fixed"}),
    lambda: changed(BASE, reaction={"interval_s": 5, "duration_s": 60, "repeat": "once"}),
    lambda: changed(BASE, reaction={"channels": [{"config": "FITC", "exposure": 5}]}),
    lambda: changed(BASE, autofocus={"channel": "DAPI", "exposure_ms": 5}),
    lambda: changed(BASE, budget={"disk_gb": 3}, trouble={"snap_retries": 2}),
    lambda: changed(BASE, stop={"after_events": 2}, notify={"on": ["event"]}, goal="other"),
]


@pytest.mark.parametrize("new", POSSIBLE, ids=range(len(POSSIBLE)))
def test_what_can_be_changed_in_mid_run(new: Callable[[], Plan]) -> None:
    assert list(cannot(BASE, new(), STATE)) == []


IMPOSSIBLE: list[tuple[str, dict[str, Any]]] = [
    ("fields[p2]", {"baseline__stage_positions__2__x": 50.0}),
    ("fields[p2]", {"baseline__stage_positions__2__z": 1.0}),
    ("fields[new]", {"baseline__stage_positions__2__name": "new"}),
    ("baseline.channels[FITC]", {"baseline__channels": [{"config": "DAPI", "exposure": 10}]}),
    ("baseline.channels[FITC].do_stack", {"baseline__channels__1__do_stack": False}),
    ("baseline.channels[FITC].z_offset", {"baseline__channels__1__z_offset": 1.0}),
    ("baseline.z_plan", {"baseline__z_plan": {"range": 4, "step": 2}}),
    ("baseline.axis_order", {"baseline__axis_order": "tpzc"}),
    ("reaction.z_plan", {"reaction__z_plan": {"range": 4, "step": 2}}),
    ("reaction.objective", {"reaction__objective": "40X"}),
    ("reaction.channels", {"reaction__channels": [{"config": "Cy5", "exposure": 5}]}),
    ("judge.kind", {"judge": {"kind": "classical"}}),
    ("judge.deadline_s", {"judge__deadline_s": 5}),
    ("autonomy.ask_timeout_s", {"autonomy": {"ask_timeout_s": 5}}),
    ("search", {"search": {"best": 1}}),
    ("camera.binning", {"camera": {"binning": 2}}),
    ("objective", {"objective": "40X"}),
    ("start_at", {"start_at": "2026-11-25T22:00:00"}),
    ("coupling", {"coupling": "synchronized"}),
    ("microscope", {"microscope": "other"}),
    ("scenario", {"scenario": "empty"}),
]


@pytest.mark.parametrize(("key", "keys"), IMPOSSIBLE, ids=[key for key, _ in IMPOSSIBLE])
def test_what_belongs_to_the_beginning_of_a_run_is_refused_with_a_remedy(
    key: str, keys: dict[str, Any]
) -> None:
    found = {no.key: no for no in cannot(BASE, changed(BASE, **keys), STATE)}
    assert key in found
    assert found[key].what and found[key].limit and found[key].remedy.endswith(".")


def test_every_key_of_a_plan_is_one_or_the_other() -> None:
    """A key that is added to plans later cannot be changed in mid-run before somebody says so."""
    known = {key.partition(".")[0] for key in (*CAN, *(key for key, _ in CANNOT))}
    assert known - {"fields"} == set(Plan.model_fields)


def test_bursts_that_would_get_images_of_their_own_cannot_be_switched_on() -> None:
    off = plan(policy={"policy": "fixed"}, reaction={"objective": "40X"})
    on = changed(off, decide=WATCH)
    state = RunState(now_s=0.0, home="20X", planned=fields(off))
    assert [no.key for no in cannot(off, on, state)] == ["decide.policy"]
