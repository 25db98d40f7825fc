"""Two judges: whatever the first does, the second is asked, and the verdict says why."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from policies_synthetic import Scene, frame

from hardware.data import Frame
from policies.classical.judge import ClassicalJudge
from policies.fallback import FIRST_SHARE, FallbackJudge
from policies.judge_config import ChatJudgeConfig, ClassicalJudgeConfig, NoJudgeConfig
from policies.registry import make_judge
from policies.verdict import Flag, Focus, FocusState, Verdict, abstention

SCENE = Scene()
SCENE.blob(64, 64, 12, 9, 900)
FRAME = frame(SCENE.image())
PATIENT_S = 30.0  # longer than any of these take


class First:
    """A judge that does what it is told to."""

    name = "model-1"

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer
        self.asked = 0

    def judge(self, frames: Sequence[Frame], *, target: str) -> Any:
        self.asked += 1
        return self.answer()


def given(p: float | None = 0.8, visit: int = 7, why: str = "unsure\nof it") -> Verdict:
    if p is None:
        return abstention(visit, "A1", "model-1", "mitosis", why)
    focus = Focus(state=FocusState.IN, score=1.0)
    return Verdict(
        visit_id=visit, fov="A1", judge="model-1", target="mitosis", focus=focus, p_target=p
    )


def raises(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def judging(answer: Callable[[], Any], first_s: float = PATIENT_S) -> FallbackJudge:
    return FallbackJudge(First(answer), ClassicalJudge("DAPI"), first_s=first_s)


def all_over() -> None:
    """No first judge is at work any more."""
    for thread in threading.enumerate():
        if thread.name == "first judge":
            thread.join(60)


def test_what_the_first_judge_saw_wrong_with_the_frame_stays_when_it_abstains() -> None:
    seen = given(None).model_copy(update={"flags": (Flag.MOTION, Flag.DIM), "anomaly": 3.5})
    verdict = judging(lambda: seen).judge([FRAME], target="mitosis")
    assert verdict.judge.endswith("classical-1")
    assert set(verdict.flags) >= {Flag.MOTION, Flag.DIM}
    assert len(set(verdict.flags)) == len(verdict.flags)
    assert verdict.anomaly == 3.5


def test_a_verdict_of_the_first_judge_is_left_as_it_is() -> None:
    judge = judging(given)
    assert judge.name == "model-1 -> classical-1"
    assert judge.judge([FRAME], target="mitosis") == given()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: given(None), "model-1: abstained (unsure of it)"),
        (lambda: given(None, why=""), "model-1: abstained (it does not say why)"),
        (raises(RuntimeError("the server\nfailed (500)")), "model-1: failed (the server failed"),
        (raises(ValueError()), "model-1: failed (ValueError)"),
        (raises(MemoryError("full")), "model-1: failed (full)"),
        (raises(SystemExit(3)), "model-1: failed (3)"),
        (lambda: given(visit=8), "model-1: failed (answered for visit 8, asked for 7)"),
        (lambda: "mitosis!", "model-1: failed (no verdict but str)"),
        (raises(RuntimeError("x" * 999)), "model-1: failed (xxx"),
    ],
    ids=[
        *("abstains", "silently", "raises", "wordless", "memory"),
        *("exits", "other visit", "text", "long"),
    ],
)  # fmt: skip
def test_where_the_first_gives_nothing_the_second_is_asked(
    answer: Callable[[], Any], why: str
) -> None:
    verdict = judging(answer).judge([FRAME], target="mitosis")
    alone = ClassicalJudge("DAPI").judge([FRAME], target="mitosis")
    assert verdict.judge == "model-1 -> classical-1"
    assert verdict.rationale.startswith(why) and verdict.rationale.endswith(alone.rationale)
    assert len(verdict.rationale.splitlines()) == 1 and len(verdict.rationale) < 500
    own = {"judge": "", "rationale": ""}
    assert verdict.model_copy(update=own) == alone.model_copy(update=own)


def test_where_both_abstain_both_reasons_are_given() -> None:
    verdict = judging(lambda: given(None)).judge([FRAME], target="apoptosis")
    assert verdict.abstained
    assert verdict.why_abstained == (
        "model-1: abstained (unsure of it). "
        "classical-1: target 'apoptosis' is unknown to this judge; known: mitosis"
    )


def test_a_hanging_judge_is_left_alone_until_it_wakes_up_and_its_answer_is_dropped() -> None:
    wake = threading.Event()

    def sleeps() -> Verdict:
        wake.wait(60)
        return given(0.99)

    first = First(sleeps)
    judge = FallbackJudge(first, ClassicalJudge("DAPI"), first_s=0.05)
    late = judge.judge([FRAME], target="mitosis")
    assert late.rationale.startswith("model-1: no answer within 0.05 s. ")
    again = judge.judge([FRAME], target="mitosis")
    assert again.rationale.startswith("model-1: not asked: it is still busy with an earlier visit.")
    wake.set()
    all_over()
    assert first.asked == 1
    awake = FallbackJudge(first, ClassicalJudge("DAPI"), first_s=PATIENT_S)
    assert awake.judge([FRAME], target="mitosis").p_target == 0.99
    assert first.asked == 2


def test_a_hanging_judge_does_not_keep_the_interpreter_from_its_end() -> None:
    code = """
import threading
import numpy as np
from policies.fallback import FallbackJudge
from policies.none import NoJudge

class Hangs:
    name = "hangs"
    def judge(self, frames, *, target):
        threading.Event().wait()

class Frame:
    visit_id = 7
    class key: fov = "A1"

print(FallbackJudge(Hangs(), NoJudge(), first_s=0.01).judge([Frame], target="").why_abstained)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.strip() == "hangs: no answer within 0.01 s. none: no judge configured"


def test_what_the_second_judge_raises_is_raised() -> None:
    second = First(raises(RuntimeError("both are down")))
    judge = FallbackJudge(First(raises(RuntimeError("down"))), second, first_s=PATIENT_S)
    with pytest.raises(RuntimeError, match="both are down"):
        judge.judge([FRAME], target="mitosis")
    with pytest.raises(ValueError, match="no frames"):
        judge.judge([], target="mitosis")


def test_no_thread_is_left_when_the_first_has_answered() -> None:
    judging(given).judge([FRAME], target="mitosis")
    all_over()
    assert "first judge" not in {thread.name for thread in threading.enumerate()}


def test_plans_ask_for_it_with_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the address: the verdict is the classical judge's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-dummy")
    config = ChatJudgeConfig(
        model="openai:tiny", base_url="http://127.0.0.1:9/v1", max_retries=0, fallback="classical"
    )
    judge = make_judge(config, "DAPI")
    assert judge.name == "chat:openai:tiny -> classical-1"
    verdict = judge.judge([FRAME], target="mitosis")
    assert verdict.p_target is not None
    assert verdict.rationale.startswith("chat:openai:tiny: failed (the server cannot be reached")


@pytest.mark.parametrize("config", [ClassicalJudgeConfig(fallback="classical"),
                                    NoJudgeConfig(fallback="classical")])  # fmt: skip
def test_judges_that_need_none_get_none(config: Any) -> None:
    assert not isinstance(make_judge(config), FallbackJudge)


@pytest.mark.parametrize(("patience_s", "seconds"), [(None, 10.0), (60.0, 60.0)])
def test_the_first_judge_gets_a_share_of_the_time(
    monkeypatch: pytest.MonkeyPatch, patience_s: float | None, seconds: float
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-dummy")
    config = ChatJudgeConfig(model="openai:tiny", fallback="classical", deadline_s=10.0)
    judge = make_judge(config, "DAPI", patience_s)
    assert isinstance(judge, FallbackJudge)
    assert judge.first_s == pytest.approx(FIRST_SHARE * seconds)


def test_frames_are_shown_to_both_as_they_came() -> None:
    seen: list[Sequence[Frame]] = []

    class Looks(First):
        def judge(self, frames: Sequence[Frame], *, target: str) -> Any:
            seen.append(frames)
            return abstention(7, "A1", "x", target, "no")

    frames = [FRAME, frame(np.zeros((32, 32), np.uint16), channel="FITC", c=1)]
    FallbackJudge(Looks(given), Looks(given), first_s=PATIENT_S).judge(frames, target="mitosis")
    assert [list(shown) for shown in seen] == [frames, frames]
