"""Binning of the simulated camera."""

from __future__ import annotations

import numpy as np
import pytest

from sim.camera import binned


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_pixels_are_added_up_and_the_offset_counts_once(factor: int) -> None:
    counts = np.random.default_rng(1).integers(100, 2000, (32, 48)).astype(np.uint16)
    got = binned(counts, factor, 100, 65535)
    assert (got.shape, got.dtype) == ((32 // factor, 48 // factor), np.uint16)
    block = counts[:factor, :factor].astype(int) - 100
    assert got[0, 0] == block.sum() + 100
    assert (got.astype(int) - 100).sum() == (counts.astype(int) - 100).sum()


def test_a_full_well_stays_full_and_darkness_dark() -> None:
    full = np.full((4, 4), 60000, np.uint16)
    assert (binned(full, 4, 100, 65535) == 65535).all()
    assert (binned(np.zeros((4, 4), np.uint16), 2, 100, 65535) == 0).all()


def test_an_edge_that_does_not_divide_is_cut() -> None:
    assert binned(np.ones((7, 10), np.uint16), 4, 0, 65535).shape == (1, 2)
