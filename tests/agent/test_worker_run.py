"""A model that crashes in its process, seen from the run: a verdict less, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from run_kit import EAGER, assert_sound, one, plan, real_scope, rows, whole

from agent.journal.states import Outcome
from agent.progress import Quiet
from agent.session import NOT_LIVE, Live
from policies.none import NoJudge
from policies.worker import IsolatedJudge, Limits, WorkerSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policies.judge import Judge


def test_a_model_that_crashes_costs_a_run_the_verdict_and_not_the_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    faults = pytestconfig.rootpath / "tests" / "policies"
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(faults), before))))
    heard: list[str] = []
    judge = IsolatedJudge(
        WorkerSpec("worker_faults:make", {"count": str(tmp_path / "count"), "times": 1}),
        name="faulty-1",
        deadline_s=30.0,
        limits=Limits(first_pause_s=0.05),
        on_event=lambda kind, _: heard.append(kind),
    )
    quick = plan(
        rounds=5,
        interval_s=0.3,
        channels=("DAPI",),
        policy=EAGER | {"target": "segfault"},
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    try:
        ending = whole(run, quick, judge=judge, scope=real_scope())
    finally:
        judge.close()
    assert ending.outcome is Outcome.COMPLETE
    assert dict(rows(run, "SELECT state, count(*) FROM visits GROUP BY state")) == {"delivered": 10}
    judged = dict(rows(run, "SELECT visit, state FROM verdicts"))
    assert judged[1] == "failed" and set(list(judged.values())[1:]) == {"given"}
    assert "SIGSEGV" in one(run, "SELECT message FROM errors WHERE visit=1")
    assert heard == ["model_crashed", "model_back"]
    assert_sound(run, quick)


@pytest.mark.parametrize(
    ("real", "live", "rehearsal"),
    [(False, NOT_LIVE, True), (False, Live(commands=True), False), (True, NOT_LIVE, False)],
)
def test_only_a_rehearsal_has_the_model_in_the_run_s_own_process(
    tmp_path: Path, real: bool, live: Live, rehearsal: bool
) -> None:
    """What becomes of the model's process stands in the journal, and somebody hears of it."""
    asked: list[bool] = []
    heard: list[tuple[str, str]] = []

    def make(*_: Any, rehearsal: bool, on_event: Callable[[str, str], None]) -> Judge:
        asked.append(rehearsal)
        on_event("model_crashed", "the model's process was killed")
        return NoJudge()

    said: list[str] = []
    progress = Quiet()
    progress.warning = said.append  # type: ignore[method-assign]
    live = replace(live, news=lambda kind, text: heard.append((kind, text)))
    scope = real_scope() if real else None
    brief = plan(rounds=1, channels=("DAPI",))
    with mock.patch("agent.session.make_judge", make):
        whole(tmp_path / "run", brief, scope=scope, live=live, progress=progress)
    assert asked == [rehearsal]
    where = "SELECT text FROM notes WHERE kind='model_crashed'"
    assert one(tmp_path / "run", where) == "the model's process was killed"
    assert bool(heard) == live.commands and bool(said) != live.commands
