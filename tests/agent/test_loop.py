"""The loop in a rehearsal: honest verdicts, one decision per visit, no pixels in its memory."""

from __future__ import annotations

import json
import random
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from run_kit import (
    EAGER,
    QUICK_BURST,
    Judge,
    always,
    assert_sound,
    checkpoint,
    ends,
    memory,
    moody,
    one,
    opened,
    plan,
    record,
    resumed,
    rows,
    scenario,
    scripted,
    verdict,
    wants,
    whole,
)

from agent.journal.states import Outcome
from policies.action import Burst, Revisit, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardware.data import Frame

WATCH = plan(fields=2, rounds=5, policy=EAGER, reaction=QUICK_BURST)


def states(run: Path) -> dict[str, int]:
    return dict(rows(run, "SELECT state, count(*) FROM verdicts GROUP BY state"))


# ---------------------------------------------------------------------- verdicts


def test_a_verdict_is_never_applied_to_another_visit(tmp_path: Path) -> None:
    """A judge that is one visit behind and sure of itself: nothing happens."""
    before: list[tuple[int, str]] = [(99, "p0")]

    def behind(frames: Sequence[Frame]) -> Any:
        before.append((frames[0].visit_id, frames[0].key.fov))
        return verdict(*before[-2], 0.99)

    run = tmp_path / "run"
    assert whole(run, WATCH, judge=Judge(behind)).outcome is Outcome.COMPLETE
    assert states(run) == {"failed": 10}
    assert one(run, "SELECT count(*) FROM verdicts WHERE verdict LIKE '%0.99%'") == 0
    assert one(run, "SELECT count(*) FROM bursts") == 0
    assert one(run, "SELECT count(*) FROM errors WHERE place='judge'") == 10
    assert_sound(run, WATCH)


def test_a_judge_that_raises_is_an_abstention_and_the_run_goes_on(tmp_path: Path) -> None:
    def answer(frames: Sequence[Frame]) -> Any:
        if frames[0].visit_id % 2:
            raise ValueError("out of ideas")
        return verdict(frames[0].visit_id, frames[0].key.fov, 0.0)

    run = tmp_path / "run"
    assert whole(run, WATCH, judge=Judge(answer)).outcome is Outcome.COMPLETE
    assert states(run) == {"failed": 5, "given": 5}
    said = rows(run, "SELECT reason FROM decisions WHERE visit % 2")
    assert all("abstained" in reason and "out of ideas" in reason for (reason,) in said)


@pytest.mark.parametrize(
    ("on_late", "revisits"),
    [
        pytest.param("carry_on", 0, id="carry on"),
        pytest.param("revisit", 6, id="look again, once for each baseline visit"),
    ],
)
def test_a_late_verdict_is_kept_and_not_applied(
    tmp_path: Path, on_late: str, revisits: int
) -> None:
    """It says mitosis, but the plan's default applies. A judge that is always late must not
    make each visit ask for the next one: that would be light without end."""
    slow = plan(
        rounds=3,
        latency_s=8,
        deadline_s=5,
        policy=EAGER,
        reaction=QUICK_BURST,
        trouble={"on_late_verdict": on_late},
    )
    run = tmp_path / "run"
    assert whole(run, slow, judge=always(0.99)).outcome is Outcome.COMPLETE
    assert states(run) == {"late": 6 + revisits}
    assert one(run, "SELECT count(*) FROM verdicts WHERE verdict LIKE '%0.99%'") == 6 + revisits
    assert rows(run, "SELECT DISTINCT policy FROM decisions") == [("plan default",)]
    assert one(run, "SELECT count(*) FROM bursts") == 0
    assert one(run, "SELECT count(*) FROM visits WHERE kind='revisit'") == revisits
    assert memory(run) == {"fields": {}}
    assert_sound(run, slow)


# ---------------------------------------------------------------------- memory


def plain(value: Any) -> bool:
    """Nothing but JSON."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(plain(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


def test_pixels_are_never_in_graph_state_or_checkpoints(tmp_path: Path) -> None:
    sizes = {}
    for side in (32, 256):
        run = tmp_path / str(side)
        world = scenario("interphase_only", side=side)
        assert whole(run, WATCH, judge=always(0.5), world=world).outcome is Outcome.COMPLETE
        assert plain(checkpoint(run)), "something else than JSON in the graph's state"
        blobs = rows(run, "SELECT checkpoint, metadata FROM checkpoints")
        writes = rows(run, "SELECT value FROM writes")
        sizes[side] = sum(len(blob or b"") for row in blobs + writes for blob in row)
    assert max(sizes.values()) < 8_000 and abs(sizes[32] - sizes[256]) < 100


def test_only_the_last_checkpoint_is_kept(tmp_path: Path) -> None:
    counts: list[tuple[Any, ...]] = []

    class Counting(Judge):
        def judge(self, frames: Sequence[Frame], *, target: str) -> Any:
            counts.extend(rows(tmp_path / "run", "SELECT count(*) FROM checkpoints"))
            return super().judge(frames, target=target)

    judge = Counting(lambda frames: verdict(frames[0].visit_id, frames[0].key.fov))
    assert whole(tmp_path / "run", WATCH, judge=judge).outcome is Outcome.COMPLETE
    assert len(counts) == 10 and set(counts[1:]) == {(1,)}


def test_the_checkpoint_is_of_the_last_lap_even_after_the_end_of_the_run(tmp_path: Path) -> None:
    """The graph's last turn finds no visit; a resume must not take the last lap for unfinished,
    or the policy would remember its last look twice."""
    run = tmp_path / "run"
    whole(run, WATCH, judge=Judge(moody))
    last = one(run, "SELECT id FROM visits ORDER BY finished_s DESC LIMIT 1")
    assert checkpoint(run)["lap"] == last and checkpoint(run)["visit"] is None
    before = memory(run)
    assert resumed(run, WATCH, judge=Judge(moody)).outcome is Outcome.COMPLETE
    assert memory(run) == before


# ---------------------------------------------------------------------- policies


def test_a_policy_gets_four_actions_per_lap_and_only_in_its_own_plan(tmp_path: Path) -> None:
    greedy = [Revisit(fov=f) for f in ("p0", "elsewhere", "p1", "p0", "p1", "p0")]
    fixed = plan(rounds=2)
    run = tmp_path / "run"
    with scripted(lambda n, v: wants(v, *greedy) if n == 0 else wants(v)):
        assert whole(run, fixed).outcome is Outcome.COMPLETE
    said = json.loads(one(run, "SELECT applied FROM decisions WHERE visit=1"))
    assert [s.startswith("not done") for s in said] == [False, True, False, False, True, True]
    assert one(run, "SELECT count(*) FROM visits WHERE kind='revisit' AND cause=1") == 3
    assert_sound(run, fixed)


def test_a_policy_can_end_the_run(tmp_path: Path) -> None:
    fixed = plan(rounds=5)
    run = tmp_path / "run"
    with scripted(lambda n, v: wants(v, Stop()) if n == 2 else wants(v)):
        ending = whole(run, fixed)
        assert (ending.outcome, ending.why) == (Outcome.STOPPED, "decided: because")
        assert one(run, "SELECT value FROM run WHERE key='outcome'") == "stopped"
        assert one(run, "SELECT count(*) FROM decisions") == 3
        assert one(run, "SELECT count(*) FROM visits WHERE state='delivered'") in (3, 4)
        assert resumed(run, fixed).outcome is Outcome.COMPLETE


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param(lambda n, v: 1 / (n - 1), "division by zero", id="raises"),
        pytest.param(
            lambda n, v: wants(v.model_copy(update={"visit_id": 77}), Burst(fov="p0")),
            "decision on visit 77",
            id="decides on another visit",
        ),
    ],
)
def test_a_policy_that_breaks_ends_the_run_in_order(tmp_path: Path, script: Any, why: str) -> None:
    fixed = plan(rounds=4)
    run = tmp_path / "run"
    with scripted(lambda n, v: wants(v) if n == 0 else script(n, v)):
        ending = whole(run, fixed)
    assert ending.outcome is Outcome.FAILED and why in ending.why and ending.error is not None
    assert rows(run, "SELECT visit FROM decisions") == [(1,)]
    assert one(run, "SELECT count(*) FROM bursts") == 0
    with scripted(lambda n, v: wants(v)):
        assert resumed(run, fixed).outcome is Outcome.COMPLETE
    assert one(run, "SELECT count(*) FROM decisions") == 8
    assert memory(run) == {"n": 8}, "a lap is missing or counts twice"


# ---------------------------------------------------------------------- the same every time


def test_a_rehearsal_is_the_same_however_fast_the_judge_really_is(tmp_path: Path) -> None:
    """Simulated time is what the plan says a verdict takes, not what this computer needs."""
    thorough = plan(
        fields=3,
        rounds=5,
        latency_s=4.0,
        policy=EAGER,
        reaction=QUICK_BURST,
        autofocus={"channel": "DAPI", "exposure_ms": 5},
        budget={"exposure_per_fov_s": 0.9},
    )
    moods = random.Random(1)

    def slow(frames: Sequence[Frame]) -> Any:
        time.sleep(moods.choice([0.0, 0.0, 0.02, 0.04]))
        return moody(frames)

    runs = []
    for name, answer in (("quick", moody), ("slow", slow), ("again", slow)):
        ending = whole(tmp_path / name, thorough, judge=Judge(answer))
        assert ending.outcome is Outcome.COMPLETE
        runs.append(record(tmp_path / name))
        assert_sound(tmp_path / name, thorough)
    assert len(runs[0]["bursts"]) > 1
    assert runs[0] == runs[1] == runs[2]


def test_an_overloaded_judge_drops_the_same_visits_every_time(tmp_path: Path) -> None:
    """Five seconds a verdict, four visits a minute and a queue for two."""
    from agent.handoff import Handoff

    busy = plan(fields=4, rounds=4, latency_s=50, deadline_s=1000)

    def narrow(**how: Any) -> Handoff:
        return Handoff(capacity=2, **how)

    runs = []
    with mock.patch("agent.session.Handoff", narrow):
        for name, pause_s in (("quick", 0.0), ("slow", 0.02)):

            def answer(frames: Sequence[Frame], pause_s: float = pause_s) -> Any:
                time.sleep(pause_s)
                return moody(frames)

            assert whole(tmp_path / name, busy, judge=Judge(answer)).outcome is Outcome.COMPLETE
            runs.append(record(tmp_path / name))
    assert runs[0] == runs[1]
    given = states(tmp_path / "quick")
    assert given["unjudged"] > 2 and given["given"] > 4 and sum(given.values()) == 16
    ready = [
        r
        for (r,) in rows(
            tmp_path / "quick", "SELECT ready_s FROM verdicts WHERE state='given' ORDER BY 1"
        )
    ]
    assert all(b - a == pytest.approx(50) for a, b in pairwise(ready[1:]))


def test_the_loop_goes_on_while_nobody_looks_at_what_it_tells(tmp_path: Path) -> None:
    """A run without a judge: every verdict an abstention, the baseline as planned."""
    fixed = plan(rounds=3)
    with opened(tmp_path / "run", fixed) as session:
        session.begin()
        assert ends(session).outcome is Outcome.COMPLETE
    assert states(tmp_path / "run") == {"abstained": 6}
