"""Faults that the judge's benchmark puts into good images are really there, and seeded."""

from __future__ import annotations

import numpy as np
import pytest

from agent.bench.judge.blurred import blur_image, blurs
from agent.bench.judge.faulty import FAULTS, carries_already, contrast_over_noise, damage
from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.concepts import focus_state
from policies.mllm.pixels import noise_of
from policies.verdict import Flag, FocusState

RADIUS = 9.0


def brick() -> Brick:
    """A 12-bit picture of nine bright disks and some noise, nothing wrong with it."""
    rows, columns = np.mgrid[:160, :160]
    labels = np.zeros((160, 160), np.uint16)
    for n, (row, column) in enumerate((r, c) for r in (30, 80, 130) for c in (30, 80, 130)):
        labels[(rows - row) ** 2 + (columns - column) ** 2 < RADIUS**2] = n + 1
    noise = np.random.default_rng(3).normal(0, 8, labels.shape)
    image = np.clip(200 + 600 * (labels > 0) + noise, 0, 4000).astype(np.uint16)
    where = Provenance("made", "disks", "test", "", "")
    classes = (labels > 0).astype(np.uint8)
    return Brick(image, labels, classes, "fluorescence", None, RADIUS, 0.0, False, where)


@pytest.mark.parametrize("flag", list(FAULTS))
def test_a_fault_changes_the_image_the_same_way_for_the_same_seed(flag: Flag) -> None:
    good = brick()
    assert not carries_already(good, flag)
    first, again = (damage(good, flag, np.random.default_rng(5)) for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.shape == good.image.shape
    assert first.dtype == np.uint16
    assert np.array_equal(first, again)
    assert not np.array_equal(first, good.image)


def test_what_is_called_saturated_dim_or_empty_is_so() -> None:
    good = brick()
    for seed in range(5):
        rng = np.random.default_rng(seed)
        bright, dim, empty = (
            damage(good, flag, rng) for flag in (Flag.SATURATED, Flag.DIM, Flag.EMPTY)
        )
        assert bright is not None
        assert dim is not None
        assert empty is not None
        assert np.mean(bright == bright.max()) >= 0.01
        assert contrast_over_noise(dim.astype(np.float32), good) < 2.5
        assert int(np.ptp(empty)) < int(np.ptp(good.image)) / 2


def test_blurring_draws_every_state_once_and_keeps_the_noise() -> None:
    rng = np.random.default_rng(1)
    good = brick()
    for _ in range(20):
        found = [focus_state(blur) for blur in blurs(rng)]
        assert found == [FocusState.IN, FocusState.SOFT, FocusState.OUT]
    blurred = blur_image(good, 0.5, rng).astype(np.float32)
    assert noise_of(blurred) == pytest.approx(noise_of(good.image.astype(np.float32)), rel=0.2)
    assert np.ptp(np.percentile(blurred, [1, 99])) < np.ptp(np.percentile(good.image, [1, 99]))
