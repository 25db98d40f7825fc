"""A model that crashes in its process, seen from the run: a verdict less, and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from run_kit import EAGER, assert_sound, one, plan, real_scope, rows, whole

from agent.journal.states import Outcome
from policies.worker import IsolatedJudge, Limits, WorkerSpec

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
