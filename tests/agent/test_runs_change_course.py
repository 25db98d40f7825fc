"""Whole rehearsals of plans that search, stop by themselves, follow and react so often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from run_kit import (
    EAGER,
    Judge,
    always,
    assert_sound,
    ends,
    moody,
    one,
    opened,
    plan,
    real_scope,
    record,
    resumed,
    rows,
    scenario,
    verdict,
    whole,
)

from agent.account import account
from agent.journal.journal import Journal
from agent.journal.states import Outcome
from agent.progress import Quiet
from policies.verdict import SeenObject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.plan import Plan
    from agent.session import Session
    from hardware.data import Frame

BURST = {"interval_s": 10, "duration_s": 30}


def states(run: Path) -> dict[str, int]:
    return dict(rows(run, "SELECT state, count(*) FROM visits GROUP BY state"))


def balances(run: Path) -> bool:
    journal = Journal(run, lambda: 0.0, durable=False)
    try:
        return account(journal.database).balances
    finally:
        journal.close()


def by_field(**p: float) -> Judge:
    """The same probability of each field, always."""
    return Judge(lambda frames: verdict(frames[0].visit_id, (f := frames[0].key.fov), p[f]))


# ---------------------------------------------------------------------- search

SEARCH = plan(fields=4, rounds=4, policy=EAGER, reaction=BURST, search={"best": 2, "rounds": 2})


def test_after_the_survey_only_the_best_fields_are_imaged(tmp_path: Path) -> None:
    run, judge = tmp_path / "run", by_field(p0=0.1, p1=0.3, p2=0.2, p3=0.05)
    assert whole(run, SEARCH, judge=judge).outcome is Outcome.COMPLETE
    imaged = rows(run, "SELECT round, group_concat(fov) FROM visits WHERE state='delivered'"
                  " GROUP BY round ORDER BY round")  # fmt: skip
    assert [sorted(fovs.split(",")) for _, fovs in imaged] == [
        ["p0", "p1", "p2", "p3"],
        ["p0", "p1", "p2", "p3"],
        ["p1", "p2"],
        ["p1", "p2"],
    ]
    left = rows(run, "SELECT fov, round, why FROM visits WHERE state='skipped' ORDER BY fov, round")
    why = "left: not among the best 2"
    assert left == [(fov, n, why) for fov in ("p0", "p3") for n in (2, 3)]
    assert balances(run)
    assert one(run, "SELECT count(*) FROM decisions WHERE decision LIKE '%\"keep\"%'") == 1
    reason = one(run, "SELECT reason FROM decisions WHERE policy='search'")
    assert reason.startswith("survey over after 2 rounds: kept p1 (p 0.30), p2 (p 0.20)")
    assert_sound(run, SEARCH)


def test_no_burst_begins_during_the_survey(tmp_path: Path) -> None:
    run = tmp_path / "run"
    whole(run, SEARCH, judge=by_field(p0=0.9, p1=0.8, p2=0.2, p3=0.1))
    first = one(run, "SELECT min(start_s) FROM bursts")
    chosen = one(run, "SELECT time_s FROM decisions WHERE policy='search'")
    assert first > chosen > 60.0
    assert {fov for (fov,) in rows(run, "SELECT fov FROM bursts")} == {"p0", "p1"}


def test_a_field_that_could_not_be_imaged_or_judged_is_left(tmp_path: Path) -> None:
    """One judge's failure, one late verdict, one field outside of what the gate lets through."""

    def answer(frames: Sequence[Frame]) -> Any:
        if frames[0].key.fov == "p0":
            raise ValueError("boom")
        return verdict(frames[0].visit_id, frames[0].key.fov, 0.2)

    far = plan(fields=4, rounds=3, search={"best": 4}, policy=EAGER, reaction=BURST)
    positions = [*far.baseline.stage_positions]
    positions[3] = positions[3].model_copy(update={"x": 70_000.0})
    baseline = far.baseline.replace(stage_positions=positions)
    far, run = far.model_copy(update={"baseline": baseline}), tmp_path / "run"
    assert whole(run, far, judge=Judge(answer)).outcome is Outcome.COMPLETE
    assert {f for (f,) in rows(run, "SELECT fov FROM visits WHERE why LIKE 'left:%'")} == {
        "p0",
        "p3",
    }
    reason = one(run, "SELECT reason FROM decisions WHERE policy='search'")
    assert "left without evidence p0, p3; 4 were asked for, no more have evidence" in reason


def test_when_every_verdict_is_late_nobody_is_left(tmp_path: Path) -> None:
    late = plan(fields=2, rounds=3, policy=EAGER, search={"best": 1}, latency_s=9.0, deadline_s=1.0)
    run = tmp_path / "run"
    assert whole(run, late, judge=by_field(p0=0.9, p1=0.1)).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 6}


# ---------------------------------------------------------------------- the plan's own end


def test_a_run_that_has_its_events_is_complete_and_its_account_balances(tmp_path: Path) -> None:
    run = tmp_path / "run"
    wanted = plan(fields=2, rounds=30, policy=EAGER, reaction=BURST, stop={"after_events": 3})
    ending = whole(run, wanted, judge=Judge(moody))
    assert (ending.outcome, ending.why) == (Outcome.COMPLETE, "ended by the plan after 3 events")
    assert one(run, "SELECT count(*) FROM bursts") == 3
    assert set(states(run)) <= {"delivered", "cancelled", "skipped"} and states(run)["cancelled"]
    assert balances(run)
    assert one(run, "SELECT text FROM notes WHERE kind='end'") == (
        "complete: ended by the plan after 3 events"
    )
    ended = one(run, "SELECT max(coalesce(ended_s, until_s)) FROM bursts")
    decided = one(run, "SELECT time_s FROM decisions WHERE policy='stop'")
    assert decided >= ended, "the last one is finished first"
    undecided = "SELECT count(*) FROM visits WHERE state='delivered' AND id NOT IN"
    assert one(run, f"{undecided} (SELECT visit FROM decisions)") == 0
    assert_sound(run, wanted)


def test_a_real_run_ends_by_itself_as_well(tmp_path: Path) -> None:
    """Nothing waits on the real clock: what is judged after the end adds no visit."""
    run = tmp_path / "run"
    wanted = plan(
        fields=2,
        rounds=400,
        interval_s=0.3,
        policy=EAGER | {"rearm_after_s": 0},
        reaction={"interval_s": 0.1, "duration_s": 0.5},
        stop={"after_events": 2},
    )
    ending = whole(run, wanted, judge=always(0.9), scope=real_scope())
    assert (ending.outcome, ending.why) == (Outcome.COMPLETE, "ended by the plan after 2 events")
    assert one(run, "SELECT count(*) FROM bursts") == 2
    assert states(run)["cancelled"] > 0 and "pending" not in states(run)
    assert balances(run)


def test_confluence_ends_a_run_without_any_reaction(tmp_path: Path) -> None:
    run = tmp_path / "run"
    wanted = plan(fields=2, rounds=20, stop={"confluence": 0.5})

    def grows(frames: Sequence[Frame]) -> Any:
        said = verdict(frames[0].visit_id, frames[0].key.fov)
        return said.model_copy(update={"confluence": min(1.0, frames[0].key.t / 10)})

    ending = whole(run, wanted, judge=Judge(grows))
    assert ending.outcome is Outcome.COMPLETE
    assert ending.why == "ended by the plan at 60 % confluence (2 fields; 50 % asked for)"
    assert states(run) == {"delivered": 14, "cancelled": 26}


@pytest.mark.parametrize("repeat", ["every_event", "once_per_field", "once"])
def test_how_often_a_run_reacts(tmp_path: Path, repeat: str) -> None:
    run = tmp_path / "run"
    often = plan(fields=2, rounds=12, policy=EAGER, reaction=BURST | {"repeat": repeat})
    whole(run, often, judge=Judge(moody))
    counts = sorted(n for (n,) in rows(run, "SELECT count(*) FROM bursts GROUP BY fov"))
    if repeat == "every_event":
        assert counts[-1] > 1
    else:
        assert counts == ([1] if repeat == "once" else [1, 1])


# ---------------------------------------------------------------------- follow

FOLLOW = plan(fields=2, rounds=3, policy=EAGER, reaction=BURST | {"follow": True})
EDGE_UM = 64 * 0.5  # of the image: 64 pixels at 20X


def wanderer(speed_um: float, start_um: float = 0.0) -> Callable[[Sequence[Frame]], Any]:
    """A target in p0 that moves to the right, seen while it is in the image."""

    def answer(frames: Sequence[Frame]) -> Any:
        meta, fov = frames[0].meta, frames[0].key.fov
        x = start_um + speed_um * meta.time_s
        in_view = fov == "p0" and abs(x - meta.x_um) < EDGE_UM / 2
        seen = SeenObject(x_um=x, y_um=0, area_um2=9, label="mitosis", score=0.9)
        said = verdict(frames[0].visit_id, fov, 0.9 if in_view else 0.1)
        return said.model_copy(update={"objects": (seen,) if in_view else ()})

    return answer


def places(run: Path, kind: str) -> list[float]:
    return [
        round(x, 1)
        for (x,) in rows(
            run,
            "SELECT DISTINCT f.x_um FROM frames f JOIN visits v ON v.id=f.visit"
            f" WHERE v.kind='{kind}' AND v.fov='p0' ORDER BY f.x_um",
        )
    ]


def test_a_burst_goes_with_the_target_and_the_baseline_stays(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert whole(run, FOLLOW, judge=Judge(wanderer(0.4))).outcome is Outcome.COMPLETE
    filmed = places(run, "reaction")
    assert filmed[0] == 0.0 and filmed[-1] > 6.0 and len(filmed) >= 3
    assert filmed[-1] <= 2 * EDGE_UM
    assert places(run, "baseline") == [0.0]
    assert_sound(run, FOLLOW)


def test_a_plan_that_does_not_follow_stays_at_its_places(tmp_path: Path) -> None:
    still = plan(fields=2, rounds=3, policy=EAGER, reaction=BURST)
    whole(tmp_path / "run", still, judge=Judge(wanderer(0.4)))
    assert places(tmp_path / "run", "reaction") == [0.0]


class Stopper(Quiet):
    """Stops the run as its n-th visit begins."""

    def __init__(self, nth: int) -> None:
        self.session: Session | None = None
        self._left = nth

    def visit_started(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0 and self.session is not None:
            self.session.stop("the test")


@pytest.mark.parametrize(
    ("wanted", "judge"),
    [
        pytest.param(SEARCH, by_field(p0=0.7, p1=0.3, p2=0.8, p3=0.05), id="search"),
        pytest.param(FOLLOW, Judge(wanderer(0.4)), id="follow"),
        pytest.param(
            plan(fields=2, rounds=9, policy=EAGER, reaction=BURST, stop={"after_events": 2}),
            Judge(moody),
            id="stop",
        ),
    ],
)
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(
    tmp_path: Path, wanted: Plan, judge: Judge
) -> None:
    reference = whole(tmp_path / "whole", wanted, judge=judge)
    n = one(tmp_path / "whole", "SELECT count(*) FROM visits WHERE started_s IS NOT NULL")
    for nth in {2, n // 2, n - 1}:
        run, view = tmp_path / f"run{nth}", Stopper(nth)
        with opened(run, wanted, judge=judge, progress=view) as session:
            view.session = session
            session.begin()
            assert ends(session).outcome is Outcome.STOPPED
        ending = resumed(run, wanted, judge=judge, world=scenario())
        assert (ending.outcome, ending.why) == (reference.outcome, reference.why)
        expected, found = record(tmp_path / "whole"), record(run)
        for name, value in expected.items():
            assert found[name] == value, f"{name} differ from the undisturbed run"
