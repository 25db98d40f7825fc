"""Which judges of a plan get a process of their own, and what a run is without its model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hf_tiny import save_model
from mllm_tiny import tiny_weights
from policies_synthetic import Scene, frame
from pydantic import TypeAdapter, ValidationError
from worker_kit import SLOW_S, alive, until

from policies.fallback import FIRST_SHARE, FallbackJudge
from policies.judge import JudgeUnavailable
from policies.judge_config import HfJudgeConfig, JudgeConfig, MllmJudgeConfig
from policies.registry import make_judge
from policies.worker import IsolatedJudge, WorkerError, WorkerState
from policies.worker.choice import close_judge, health_of, of_its_own, worker_of

READ: TypeAdapter[JudgeConfig] = TypeAdapter(JudgeConfig)
SCENE = Scene()
SCENE.grid()
FRAME = frame(SCENE.image())
CHAT = {"kind": "chat", "model": "openai:x"}
MLLM, HF = {"kind": "mllm"}, {"kind": "hf", "model": "owner/name"}


@pytest.mark.parametrize(
    ("data", "real", "rehearsed"),
    [
        ({}, False, False),
        ({"kind": "none"}, False, False),
        (CHAT, False, False),
        (MLLM, True, False),
        (HF, True, False),
        (MLLM | {"process": "own"}, True, True),
        (HF | {"process": "same"}, False, False),
    ],
    ids=str,
)
def test_models_on_this_machine_get_a_process_in_real_runs(
    data: dict[str, Any], real: bool, rehearsed: bool
) -> None:
    config = READ.validate_python(data)
    assert of_its_own(config, rehearsal=False) is real
    assert of_its_own(config, rehearsal=True) is rehearsed


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "classical", "process": "own"},
        CHAT | {"process": "own"},
        MLLM | {"process": "other"},
        MLLM | {"max_memory_gb": 0},
    ],
    ids=str,
)
def test_what_a_plan_may_not_say_of_it(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(data)


@pytest.mark.parametrize(
    ("fallback", "rehearsal", "patient", "share"),
    [(None, False, True, 1.0), ("classical", False, False, FIRST_SHARE),
     (None, True, True, 1.0), ("classical", True, True, FIRST_SHARE)],
)  # fmt: skip
def test_a_call_waits_for_the_model_unless_another_judge_can_be_asked(
    tmp_path: Path, fallback: Any, rehearsal: bool, patient: bool, share: float
) -> None:
    config = MllmJudgeConfig(
        weights=str(tiny_weights(tmp_path / "w")), process="own", fallback=fallback
    )
    judge = make_judge(config, "DAPI", 40.0, rehearsal)
    worker = worker_of(judge)
    try:
        assert worker is not None and isinstance(judge, FallbackJudge) is (fallback is not None)
        assert worker.deadline_s == pytest.approx(40.0 * share)
        assert worker._patient is patient
        assert judge.name.startswith("mllm-1")
    finally:
        close_judge(judge)


def test_in_a_real_run_the_classical_judge_judges_until_the_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path means what it meant when the judge was made."""
    tiny_weights(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    config = MllmJudgeConfig(weights="mine", fallback="classical")
    judge = make_judge(config, "DAPI", SLOW_S, False)
    try:
        first = judge.judge([FRAME], target="mitosis")
        assert first.judge == "mllm-1 -> classical-1"
        assert "the model is still loading" in first.rationale + first.why_abstained
        until(lambda: health_of(judge).state is WorkerState.READY)  # type: ignore[union-attr]
        until(lambda: "loading" not in judge.judge([FRAME], target="mitosis").rationale)
        health = health_of(judge)
        assert health is not None and health.verdicts >= 1 and health.restarts == 0
        pid = health.pid
    finally:
        close_judge(judge)
    assert pid is not None and not alive(pid)


def test_folders_that_are_missing_are_told_before_a_process_is_started(tmp_path: Path) -> None:
    with pytest.raises(JudgeUnavailable, match="there is no folder"):
        make_judge(MllmJudgeConfig(weights=str(tmp_path / "no")), "DAPI", 30.0, False)


def broken(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def test_without_a_fallback_a_general_model_that_cannot_be_loaded_ends_the_start(
    tmp_path: Path,
) -> None:
    config = HfJudgeConfig(model=str(broken(tmp_path / "half")))
    with pytest.raises(JudgeUnavailable, match=r"judge\.model: \S+half cannot be loaded") as there:
        make_judge(config, "DAPI", 30.0, False)
    with pytest.raises(JudgeUnavailable) as here:
        make_judge(config, "DAPI", 30.0, True)
    assert str(there.value) == str(here.value)


def test_with_a_fallback_it_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    config = HfJudgeConfig(model=str(broken(tmp_path / "half")), fallback="classical")
    judge = make_judge(config, "DAPI", SLOW_S, False, lambda *event: heard.append(event))
    try:
        until(lambda: heard)
        assert heard[0][0] == "model_given_up" and "half cannot be loaded" in heard[0][1]
        verdict = judge.judge([FRAME], target="mitosis")
        assert verdict.count and "given up" in verdict.rationale + verdict.why_abstained
    finally:
        close_judge(judge)


def test_our_own_model_that_cannot_be_loaded_fails_each_call_at_once(tmp_path: Path) -> None:
    judge = make_judge(MllmJudgeConfig(weights=str(broken(tmp_path / "half"))), None, SLOW_S, False)
    try:
        for _ in range(2):
            with pytest.raises(WorkerError, match="the model is given up"):
                judge.judge([FRAME], target="mitosis")
    finally:
        close_judge(judge)


def test_a_general_model_is_called_by_its_own_name(tmp_path: Path) -> None:
    judge = make_judge(HfJudgeConfig(model=str(save_model(tmp_path / "tiny"))), None, SLOW_S, False)
    try:
        assert isinstance(judge, IsolatedJudge) and judge.name == "hf:tiny"
        assert judge.judge([FRAME], target="mitosis").judge == "hf:tiny"
    finally:
        close_judge(judge)


def test_judges_without_a_process_have_no_health() -> None:
    judge = make_judge(READ.validate_python({}), "DAPI", 30.0, False)
    assert health_of(judge) is None and health_of(None) is None
    close_judge(judge)
    close_judge(None)
