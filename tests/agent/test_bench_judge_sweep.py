"""Sweeps through focus: the same cells at every height, and a truth that grows away from focus."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agent.bench.judge import focus
from agent.bench.judge.fields import USUAL
from agent.bench.judge.sweep import VARIETIES, heights, sweep
from policies.verdict import FocusState

SMALL = replace(
    USUAL,
    height=128,
    width=128,
    objectives=(("20X", 1.0),),
    density_per_mm2=(900.0, 900.0),
    signal_e=(800.0, 800.0),
)


def test_heights_are_even_and_reach_both_ends() -> None:
    found = heights()
    assert (found[0], found[-1], len(found)) == (-12.0, 12.0, 25)
    assert np.ptp(np.diff(found)) == pytest.approx(0)


def test_a_sweep_is_one_field_that_blurs_away_from_focus() -> None:
    slices = list(sweep(5, SMALL, (-8.0, -2.0, 0.0, 2.0, 8.0)))
    assert [one.defocus_um for one in slices] == pytest.approx([-8, -2, 0, 2, 8])
    blurs = [one.relative_blur for one in slices]
    assert blurs == pytest.approx([blurs[4], blurs[3], 0, blurs[3], blurs[4]])
    assert blurs[4] > blurs[3] > 0
    steepest = [float(np.abs(np.diff(one.pixels.astype(float), axis=0)).max()) for one in slices]
    assert steepest[2] > steepest[3] > steepest[4]
    light = [float(one.pixels.mean()) for one in slices]
    assert np.ptp(light) < 0.2 * light[2]  # the same cells, only blurred


def test_another_seed_is_another_field() -> None:
    one, other = (next(iter(sweep(seed, SMALL, (0.0,)))) for seed in (5, 6))
    again = next(iter(sweep(5, SMALL, (0.0,))))
    assert not np.array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(one.pixels, again.pixels)


def test_a_field_without_nuclei_is_left_out() -> None:
    bare = replace(SMALL, density_per_mm2=(0.0, 0.0), dividing=0.0, dead=(0.0, 0.0))
    assert list(sweep(5, bare, (0.0, 3.0))) == []


def test_low_signal_is_among_the_sweeps() -> None:
    assert VARIETIES["low signal"].signal_e[1] <= 30 < VARIETIES["usual"].signal_e[1]


def test_sweeps_stand_beside_the_frames_of_runs_never_for_them() -> None:
    def look(blur: float) -> Any:
        state = FocusState.IN if blur < 0.1 else FocusState.OUT
        mllm = SimpleNamespace(state=state, relative_blur=blur)
        other = SimpleNamespace(state=FocusState.IN, score=1.0)
        return SimpleNamespace(
            relative_blur=blur, mllm=mllm, classical=other, variety="usual" if blur else "faint"
        )

    bench: Any = SimpleNamespace(
        blurred=[], fields=[look(0.0), look(0.01)], sweeps=[look(b) for b in (0, 0.3, 0.5)], data=1
    )
    groups = focus.run(bench)["groups"]
    assert groups["simulator, true z"]["images"] == 2
    assert groups["simulator, z sweep"]["images"] == 3
    assert groups["simulator, z sweep, usual"]["images"] == 2
    assert groups["simulator, z sweep"]["mllm"]["spearman"] == 1
