"""Changes applied at a visit boundary of whole rehearsals: nothing lost, nothing done twice."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from change_kit import ask, changed, every, run_with, told, undone, without
from run_kit import assert_sound, one, plan, rows

from agent.journal.states import Outcome
from policies.action import Burst, ChangeExposure, Refocus, Revisit

if TYPE_CHECKING:
    from pathlib import Path

    from policies.verdict import Verdict


def states(run: Path) -> dict[str, int]:
    return dict(rows(run, "SELECT state, count(*) FROM visits GROUP BY state"))


def started(run: Path, fov: str = "p0") -> list[float]:
    found = rows(run, "SELECT due_s FROM visits WHERE fov=? AND state='delivered'", fov)
    return sorted(due for (due,) in found)


def test_a_slower_pace_cancels_what_is_no_longer_due_and_balances(tmp_path: Path) -> None:
    slow, run = plan(rounds=6, interval_s=60), tmp_path / "run"
    ending = run_with(run, slow, {2: lambda: told(run, every(slow, 120, 4), "every 2 min")})
    assert ending.outcome is Outcome.COMPLETE
    assert started(run) == [0, 60, 120, 240, 360]
    assert states(run) == {"delivered": 10, "cancelled": 4}
    numbers = rows(
        run, "SELECT round FROM visits WHERE fov='p0' AND state!='cancelled' ORDER BY due_s"
    )
    assert numbers == [(n,) for n in range(5)], "a later round has a higher number"
    why = one(run, "SELECT DISTINCT why FROM visits WHERE state='cancelled'")
    assert why == "change 1: every 2 min"
    assert rows(run, "SELECT state, why FROM changes") == [("applied", "")]
    assert_sound(run, slow)


def test_a_faster_and_longer_pace_queues_more_rounds_and_keeps_those_that_fit(
    tmp_path: Path,
) -> None:
    slow, run = plan(rounds=3, interval_s=60), tmp_path / "run"
    ending = run_with(run, slow, {0: lambda: told(run, every(slow, 30, 8))})
    assert ending.outcome is Outcome.COMPLETE
    assert started(run) == [0, 30, 60, 90, 120, 150, 180, 210]
    assert states(run) == {"delivered": 16}
    numbers = rows(run, "SELECT round FROM visits WHERE fov='p0' ORDER BY due_s")
    assert numbers == [(n,) for n in range(8)], "a later round has a higher number"


def test_the_plan_gets_a_new_version_and_the_old_one_is_kept(tmp_path: Path) -> None:
    slow, run = plan(rounds=4), tmp_path / "run"
    run_with(run, slow, {1: lambda: told(run, every(slow, 60, 3)), 3: lambda: undone(run)})
    versions = rows(run, "SELECT version, change, plan FROM plans ORDER BY version")
    assert [v[:2] for v in versions] == [(1, None), (2, 1), (3, 2)]
    assert versions[0][2] == versions[2][2] != versions[1][2]
    assert one(run, "SELECT value FROM run WHERE key='plan'") == versions[2][2]
    assert rows(run, "SELECT state, undoes FROM changes") == [("undone", None), ("applied", 1)]
    assert started(run) == [0, 60, 120, 180]


def test_a_paused_field_is_not_imaged_until_it_is_taken_back(tmp_path: Path) -> None:
    both, run = plan(rounds=6), tmp_path / "run"
    ending = run_with(
        run, both, {3: lambda: told(run, without(both, "p1")), 5: lambda: told(run, both)}
    )
    assert ending.outcome is Outcome.COMPLETE
    assert started(run, "p0") == [0, 60, 120, 180, 240, 300]
    assert started(run, "p1") == [0, 60, 240, 300]
    assert_sound(run, both)


def test_an_exposure_is_another_one_from_the_next_visit_on(tmp_path: Path) -> None:
    dim, run = plan(rounds=4, fields=1), tmp_path / "run"
    bright = changed(dim, baseline__channels__1__exposure=30)
    run_with(run, dim, {1: lambda: told(run, bright)})
    taken = rows(run, "SELECT channel, exposure_ms FROM frames ORDER BY time_s")
    assert [ms for channel, ms in taken if channel == "FITC"] == [10, 10, 30, 30]
    assert [ms for channel, ms in taken if channel == "DAPI"] == [10, 10, 10, 10]


def test_a_lower_budget_is_the_gates_from_then_on(tmp_path: Path) -> None:
    """Enough for the baseline; a second look that a decision asks for is one exposure too many."""
    free, run = plan(rounds=4, fields=1, channels=("DAPI",)), tmp_path / "run"
    tight = changed(free, budget={"exposure_per_fov_s": 0.045})

    def acts(n: int, verdict: Verdict) -> tuple[Any, ...]:
        return (Revisit(fov=verdict.fov),) if n == 2 else ()

    run_with(run, free, {1: lambda: told(run, tight)}, acts)
    assert one(run, "SELECT count(*) FROM exposures") == 4
    assert rows(run, "SELECT rule, bound FROM refusals") == [
        ("dose_fov", "0.045 s per field of view")
    ]
    assert one(run, "SELECT count(*) FROM visits WHERE state='skipped'") == 1


def test_a_budget_that_cannot_pay_for_what_is_left_is_refused(tmp_path: Path) -> None:
    free, run = plan(rounds=6, fields=1, channels=("DAPI",)), tmp_path / "run"
    asked: list[Any] = []
    tight = changed(free, budget={"exposure_per_fov_s": 0.045})
    run_with(run, free, {1: lambda: asked.append(ask(run, tight))})
    (no,) = asked[0].weighed.against
    assert no.key == "budget.exposure_per_fov_s"
    assert "0.02 s spent on p0, 0.04 s still to come" in str(no)
    assert rows(run, "SELECT state FROM changes") == [("refused",)]


@pytest.mark.parametrize("kind", ["asked", "refused"])
def test_what_nobody_confirmed_is_never_applied(tmp_path: Path, kind: str) -> None:
    slow, run = plan(rounds=4), tmp_path / "run"
    new = every(slow, 120, 2) if kind == "asked" else changed(slow, camera={"binning": 2})
    run_with(run, slow, {1: lambda: ask(run, new)})
    assert started(run) == [0, 60, 120, 180]
    assert one(run, "SELECT state FROM changes") == "refused"


FOCUS: dict[str, Any] = {"channel": "DAPI", "exposure_ms": 5, "range_um": 6}


def test_autofocus_is_scheduled_anew_and_switched_off(tmp_path: Path) -> None:
    blind, run = plan(rounds=6, fields=1), tmp_path / "run"
    focused = changed(blind, autofocus={**FOCUS, "when": "every_visit"})
    ending = run_with(run, blind, {1: lambda: told(run, focused), 3: lambda: undone(run)})
    assert ending.outcome is Outcome.COMPLETE
    visits = rows(run, "SELECT round FROM visits v JOIN focus f ON f.visit=v.id ORDER BY 1")
    assert visits == [(2,), (3,)]


@pytest.mark.parametrize("when", ["focus_lost", "every_nth_round"])
def test_a_refocus_that_a_decision_asked_for_outlives_a_change_of_pace(
    tmp_path: Path, when: str
) -> None:
    slow, run = (
        plan(rounds=4, fields=1, autofocus={**FOCUS, "when": "focus_lost"}),
        tmp_path / "run",
    )

    def acts(n: int, _: Verdict) -> tuple[Any, ...]:
        return (Refocus(fov="p0"),) if n == 1 else ()

    new = changed(every(slow, 60, 6), autofocus={**FOCUS, "when": when, "every_n_rounds": 5})
    run_with(run, slow, {1: lambda: told(run, new)}, acts)
    visits = rows(run, "SELECT round FROM visits v JOIN focus f ON f.visit=v.id ORDER BY 1")
    assert visits == [(2,)] if when == "focus_lost" else [(2,), (5,)]


# ---------------------------------------------------------------------- decisions and persons


def test_a_decision_does_not_change_back_what_a_person_has_set(tmp_path: Path) -> None:
    """What decisions had set before gives way; what they want later is held, and shown."""
    dim, run = plan(rounds=5, fields=1), tmp_path / "run"
    bright = changed(dim, baseline__channels__1__exposure=30)

    def acts(n: int, verdict: Verdict) -> tuple[Any, ...]:
        wanted = {0: ("FITC", 20), 2: ("FITC", 15), 3: ("DAPI", 12)}.get(n)
        if wanted is None:
            return ()
        return (ChangeExposure(fov=verdict.fov, channel=wanted[0], exposure_ms=wanted[1]),)

    run_with(run, dim, {1: lambda: told(run, bright)}, acts)
    taken = rows(run, "SELECT channel, exposure_ms FROM frames ORDER BY time_s")
    assert [ms for channel, ms in taken if channel == "FITC"] == [10, 20, 30, 30, 30]
    assert [ms for channel, ms in taken if channel == "DAPI"] == [10, 10, 10, 10, 12]
    applied = [text for (text,) in rows(run, "SELECT applied FROM decisions ORDER BY visit")]
    assert "held, FITC was set by Ada (change 1); undo that to release it" in applied[2]
    assert "12 ms" in applied[3]
    assert "1 exposures that decisions had changed are given up" in one(
        run, "SELECT text FROM notes WHERE kind='change'"
    )


def test_taking_the_change_back_releases_the_exposure(tmp_path: Path) -> None:
    dim, run = plan(rounds=5, fields=1), tmp_path / "run"
    bright = changed(dim, baseline__channels__1__exposure=30)

    def acts(n: int, verdict: Verdict) -> tuple[Any, ...]:
        return (ChangeExposure(fov="p0", channel="FITC", exposure_ms=15),) if n == 3 else ()

    run_with(run, dim, {0: lambda: told(run, bright), 2: lambda: undone(run)}, acts)
    taken = rows(run, "SELECT exposure_ms FROM frames WHERE channel='FITC' ORDER BY time_s")
    assert [ms for (ms,) in taken] == [10, 30, 30, 10, 15]


@pytest.mark.parametrize("action", [Burst(fov="p1"), Revisit(fov="p1")])
def test_a_decision_does_not_image_a_field_that_a_person_has_paused(
    tmp_path: Path, action: Any
) -> None:
    both, run = plan(rounds=3), tmp_path / "run"
    run_with(
        run,
        both,
        {1: lambda: told(run, without(both, "p1"))},
        lambda n, _: (action,) if n == 2 else (),
    )
    assert "held, a person has paused the field" in one(
        run, "SELECT applied FROM decisions WHERE applied!='[]'"
    )
    assert started(run, "p1") == [0]


# ---------------------------------------------------------------------- bursts


BURSTS: dict[str, Any] = {"interval_s": 10, "duration_s": 120}


def bursting(n: int, _: Verdict) -> tuple[Any, ...]:
    return (Burst(fov="p0"),) if n == 0 else ()


def burst_dues(run: Path) -> list[float]:
    found = rows(
        run, "SELECT due_s FROM visits WHERE kind='reaction' AND state='delivered' ORDER BY due_s"
    )
    return [due for (due,) in found]


def test_a_burst_that_is_running_takes_the_new_pace_and_end(tmp_path: Path) -> None:
    fast, run = plan(rounds=4, fields=1, reaction=BURSTS), tmp_path / "run"
    slower = changed(fast, reaction={"interval_s": 30, "duration_s": 90})
    ending = run_with(run, fast, {3: lambda: told(run, slower)}, bursting)
    assert ending.outcome is Outcome.COMPLETE
    first, *_ = dues = burst_dues(run)
    steps = [round(b - a) for a, b in pairwise(dues)]
    assert steps[:2] == [10, 10] and set(steps[3:]) <= {30}
    assert dues[-1] <= first + 90
    assert one(run, "SELECT until_s - start_s FROM bursts") == 90
    assert_sound(run, fast)


def test_the_frames_of_a_burst_are_counted_as_the_new_plan_has_them(tmp_path: Path) -> None:
    """Else its visits would be delivered and yet not have the frames that are expected."""
    fast, run = plan(rounds=3, fields=1, reaction=BURSTS), tmp_path / "run"
    one_channel = changed(
        fast, reaction={**BURSTS, "channels": [{"config": "FITC", "exposure": 5}]}
    )
    ending = run_with(run, fast, {3: lambda: told(run, one_channel)}, bursting)
    assert ending.outcome is Outcome.COMPLETE
    assert states(run).keys() == {"delivered", "cancelled"}
    wrong = rows(
        run,
        "SELECT v.id FROM visits v WHERE state='delivered' AND frames_expected !="
        " (SELECT count(*) FROM frames WHERE visit=v.id)",
    )
    assert wrong == []
    expected = rows(run, "SELECT DISTINCT frames_expected FROM visits WHERE kind='reaction'")
    assert sorted(n for (n,) in expected) == [1, 2]


def test_a_shorter_run_ends_its_bursts_as_well(tmp_path: Path) -> None:
    fast, run = plan(rounds=10, fields=1, reaction={"interval_s": 10, "duration_s": 500}), tmp_path
    run_with(run / "run", fast, {3: lambda: told(run / "run", every(fast, 60, 2))}, bursting)
    assert max(burst_dues(run / "run")) <= 120


def test_a_paused_fields_burst_ends(tmp_path: Path) -> None:
    both, run = plan(rounds=4, reaction=BURSTS), tmp_path / "run"
    run_with(run, both, {3: lambda: told(run, without(both, "p0"), "leave p0")}, bursting)
    assert one(run, "SELECT why_ended FROM bursts") == "change 1: leave p0"
    assert len(burst_dues(run)) <= 4
