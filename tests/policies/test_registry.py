"""Judges and policies by name, and what naming them may cost."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from policies_synthetic import frame
from policies_watching import verdict

from hardware.data import VisitKind
from policies.judge_config import ClassicalJudgeConfig, NoJudgeConfig
from policies.policy import Situation
from policies.registry import POLICIES, make_judge, make_policy
from policies.watch import WatchPolicy
from policies.watch_parameters import WatchParameters

SITUATION = Situation(
    kind=VisitKind.BASELINE,
    started_s=0.0,
    now_s=1.0,
    bursting={},
    late=False,
    affordable=frozenset({"A1"}),
)


def test_judges_that_need_no_model_can_always_be_made() -> None:
    assert make_judge(ClassicalJudgeConfig(), "DAPI").name == "classical-1"
    assert make_judge(NoJudgeConfig(), "DAPI").name == "none"


def test_the_channel_of_the_plan_goes_before_the_first_one() -> None:
    seen = [frame(np.zeros((20, 20), np.uint16), channel="DAPI")]
    for own, why in (("FITC", "no frame of channel FITC"), (None, "the image is constant")):
        said = make_judge(ClassicalJudgeConfig(channel=own), "DAPI").judge(seen, target="mitosis")
        assert said.why_abstained.startswith(why)


@pytest.mark.parametrize("kind", POLICIES)
def test_every_policy_that_is_named_can_be_made(kind: str) -> None:
    assert make_policy(kind).name == kind


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'wait' is unknown; known: fixed, watch"):
        make_policy("wait")


def test_parameters_reach_the_watch_policy() -> None:
    policy = make_policy("watch", WatchParameters(max_concurrent=7))
    assert isinstance(policy, WatchPolicy)
    assert policy.parameters.max_concurrent == 7


def test_without_a_judge_every_verdict_is_an_abstention() -> None:
    said = make_judge(NoJudgeConfig()).judge([frame(np.zeros((4, 4), np.uint16))], target="mitosis")
    assert said.abstained
    assert said.why_abstained == "no judge configured"
    assert (said.visit_id, said.fov) == (7, "A1")
    with pytest.raises(ValueError, match="no frames"):
        make_judge(NoJudgeConfig()).judge([], target="mitosis")


@pytest.mark.parametrize("p", [None, 0.0, 1.0])
def test_the_fixed_policy_never_reacts(p: float | None) -> None:
    policy = make_policy("fixed")
    memory, decision = policy.decide(policy.start(), verdict(3, "A1", p), SITUATION)
    assert memory == {}
    assert decision.actions == ()
    assert (decision.visit_id, decision.policy, decision.cites) == (3, "fixed", (3,))
    assert decision.reason


def test_naming_a_policy_loads_no_heavy_library() -> None:
    """`check` and `--help` import the registry and must stay quick."""
    code = (
        "import sys, policies.registry as r, policies.judge_config as c;"
        "r.make_policy('watch'); r.make_judge(c.NoJudgeConfig());"
        "print([m for m in ('scipy', 'skimage', 'torch', 'transformers', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_making_the_classical_judge_loads_neither_scipy_nor_scikit_image() -> None:
    code = (
        "import sys, policies.registry as r, policies.judge_config as c;"
        "r.make_judge(c.ClassicalJudgeConfig(), 'DAPI');"
        "print([m for m in ('scipy', 'skimage', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
