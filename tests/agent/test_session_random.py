"""Pump, graph and stop together: whatever the plan, the judge and the moment, it ends in order."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
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
    rows,
    scenario,
    verdict,
    whole,
)

from agent.account import account
from agent.journal.states import Outcome
from agent.progress import Quiet
from policies.verdict import FocusState, abstention

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from agent.session import Session
    from hardware.data import Frame

MOODS = ("yes", "no", "perhaps", "abstains", "raises", "garbage", "mistaken", "slow", "blurred")


def fickle(moods: Sequence[str], seed: int) -> Judge:
    """A judge of which each visit brings out another side."""
    rng = random.Random(seed)

    def answer(frames: Sequence[Frame]) -> Any:
        visit, fov = frames[0].visit_id, frames[0].key.fov
        match moods[visit % len(moods)]:
            case "abstains":
                return abstention(visit, fov, "test", "mitosis", "it is dark")
            case "raises":
                raise rng.choice([ValueError("boom"), RuntimeError("bang"), KeyError("k")])
            case "garbage":
                return rng.choice([None, "yes", {"p": 1.0}, 7])
            case "mistaken":
                return verdict(visit - 1, fov, 0.99)
            case "slow":
                time.sleep(0.01)
                return verdict(visit, fov, 0.9)
            case "blurred":
                return verdict(visit, fov, 0.5, FocusState.OUT)
            case mood:
                return verdict(visit, fov, {"yes": 0.95, "no": 0.05}.get(mood, 0.5))

    return Judge(answer)


@st.composite
def plans(draw: st.DrawFn) -> Any:
    interval_s = draw(st.sampled_from([0.3, 5.0, 30.0]))
    policy = draw(st.sampled_from([{"policy": "fixed"}, EAGER]))
    by = ["count", "confluence"] + ["target"] * (policy is EAGER)
    sections: dict[str, Any] = {
        "search": draw(
            st.none()
            | st.fixed_dictionaries(
                {"best": st.integers(1, 3), "by": st.sampled_from(by), "rounds": st.integers(1, 2)}
            )
        ),
        "stop": draw(st.sampled_from([{}, {}, {"after_events": 1}, {"confluence": 0.3}])),
        "reaction": {
            "interval_s": draw(st.sampled_from([1, 7])),
            "duration_s": draw(st.sampled_from([5, 20])),
            "repeat": draw(st.sampled_from(["every_event", "once_per_field", "once"])),
            "follow": draw(st.booleans()),
            "channels": draw(st.sampled_from([[], [{"config": "DAPI", "exposure": 4}]])),
        },
        "coupling": draw(st.sampled_from(["free_run", "synchronized"])),
        "trouble": {
            "overtaken": draw(st.sampled_from(["skip", "image_late"])),
            "on_late_verdict": draw(st.sampled_from(["carry_on", "revisit"])),
            "max_errors_in_a_row": draw(st.sampled_from([1, 3])),
            "snap_retries": 0,
        },
        "budget": draw(
            st.sampled_from([{}, {"exposure_per_fov_s": 0.12}, {"dose_per_fov_j_cm2": 0.005}])
        ),
    }
    if draw(st.booleans()):
        sections["autofocus"] = {
            "channel": "DAPI",
            "exposure_ms": 5,
            "range_um": 6,
            "retries": 0,
            "on_failure": draw(st.sampled_from(["skip", "hold_last", "hold_position", "stop"])),
        }
    return plan(
        fields=draw(st.integers(2, 4)),
        rounds=draw(st.integers(1, 3)),
        interval_s=interval_s,
        channels=draw(st.sampled_from([("DAPI",), ("DAPI", "FITC")])),
        latency_s=draw(st.sampled_from([0.0, 0.2, 4.0, 12.0])),
        deadline_s=draw(st.sampled_from([3.0, 30.0])),
        policy=policy,
        **sections,
    )


worlds = st.lists(
    st.builds(
        lambda kind, from_s, for_s: {"kind": kind, "from_s": from_s, "to_s": from_s + for_s},
        st.sampled_from(["camera_timeout", "dropped_frame", "stuck_stage", "lamp_failure"]),
        st.integers(0, 40).map(float),
        st.sampled_from([0.5, 5.0]),
    ),
    max_size=2,
)


class Stopper(Quiet):
    """Stops the run as its n-th visit begins or ends, or at its n-th decision."""

    def __init__(self, when: str, nth: int) -> None:
        self.session: Session | None = None
        self._when, self._left = when, nth

    def _count(self, what: str) -> None:
        if what == self._when and self.session is not None:
            self._left -= 1
            if self._left == 0:
                self.session.stop("the test")

    def visit_started(self, *_: Any) -> None:
        self._count("start")

    def visit_finished(self, *_: Any) -> None:
        self._count("end")

    def decided(self, *_: Any) -> None:
        self._count("decision")


@given(
    plan_=plans(),
    moods=st.lists(st.sampled_from(MOODS), min_size=1, max_size=5),
    faults=worlds,
    stop=st.none() | st.tuples(st.sampled_from(["start", "end", "decision"]), st.integers(1, 8)),
    seed=st.integers(0, 999),
)
@settings(max_examples=25, deadline=None)
def test_every_run_ends_with_the_light_off_and_its_books_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    plan_: Any,
    moods: list[str],
    faults: list[dict[str, Any]],
    stop: tuple[str, int] | None,
    seed: int,
) -> None:
    run = tmp_path_factory.mktemp("random") / "run"
    view = Stopper(*(stop or ("never", 0)))
    world = scenario(faults=faults)
    with opened(run, plan_, judge=fickle(moods, seed), world=world, progress=view) as session:
        view.session = session
        session.begin()
        ending = ends(session)  # within reason, and with the light off
        balances = account(session.journal.database).balances
    assert ending.error is None, ending
    assert ending.outcome in (Outcome.COMPLETE, Outcome.STOPPED, Outcome.FAILED)
    assert balances or ending.outcome is not Outcome.COMPLETE
    assert one(run, "SELECT value FROM run WHERE key='outcome'") == ending.outcome
    assert one(run, "SELECT count(*) FROM visits WHERE state='running'") == 0
    assert_sound(run, plan_)
    # what was looked at was decided, unless the run ended before its verdict was ready
    if ending.outcome is Outcome.COMPLETE:
        assert one(run, "SELECT count(*) FROM decisions") == one(
            run, "SELECT count(*) FROM visits WHERE state IN ('delivered', 'dropped')"
        )
    wrong = rows(
        run,
        "SELECT b.id FROM bursts b LEFT JOIN verdicts v ON v.visit=b.cause"
        " WHERE v.state IS NOT 'given'",
    )
    assert wrong == [], "a burst without a good verdict"
    if ending.outcome is Outcome.STOPPED:
        again = resumed(run, plan_, judge=fickle(moods, seed), world=world)
        assert again.error is None
        assert_sound(run, plan_)


@given(plan_=plans(), when=st.sampled_from(["start", "end", "decision"]), nth=st.integers(1, 8))
@settings(max_examples=8, deadline=None)
def test_stopped_and_resumed_any_plan_runs_as_if_it_had_not_been_stopped(
    tmp_path_factory: pytest.TempPathFactory, plan_: Any, when: str, nth: int
) -> None:
    folder = tmp_path_factory.mktemp("stopped")
    whole(folder / "whole", plan_, judge=Judge(moody))
    view = Stopper(when, nth)
    with opened(folder / "run", plan_, judge=Judge(moody), progress=view) as session:
        view.session = session
        session.begin()
        ending = ends(session)
    if ending.outcome is Outcome.STOPPED:
        resumed(folder / "run", plan_, judge=Judge(moody))
    reference, found = record(folder / "whole"), record(folder / "run")
    for name, expected in reference.items():
        assert found[name] == expected, f"{name} differ from the undisturbed run"
