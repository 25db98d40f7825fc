"""Small pictures land where they belong, at half pixels and across the edge."""

from __future__ import annotations

import numpy as np
import pytest

from sim.canvas import enlarged, paste
from sim.cells import Phase
from sim.chromatin import STEP_UM, chromatin
from sim.grid import Shape
from sim.stamps import blurred


def spot(sub: int) -> np.ndarray:
    """A Gaussian of standard deviation 1.5 pixels, sampled `sub` times per pixel."""
    half = 8 * sub
    at = (np.arange(-half, half) + 0.5) / sub
    line = np.exp(-(at**2) / 4.5).astype(np.float32)
    return np.outer(line, line)


def centre(canvas: np.ndarray) -> tuple[float, float]:
    at = np.arange(canvas.shape[0]) + 0.5
    total = canvas.sum()
    return float(canvas.sum(axis=1) @ at / total), float(canvas.sum(axis=0) @ at / total)


@pytest.mark.parametrize("sub", [1, 2])
@pytest.mark.parametrize(("row", "column"), [(20.0, 20.0), (20.5, 21.0), (23.25, 18.9)])
def test_a_picture_lands_within_half_a_step_of_its_place(
    sub: int, row: float, column: float
) -> None:
    canvas = np.zeros((44, 44), np.float32)
    paste(canvas, spot(sub), sub, row, column, 2.0)
    assert centre(canvas) == pytest.approx((row, column), abs=0.5 / sub + 0.01)


@pytest.mark.parametrize("place", [(-3.0, 10.0), (10.0, 45.0), (0.0, 0.0), (-40.0, 10.0)])
@pytest.mark.parametrize("sub", [1, 2])
def test_what_hangs_over_the_edge_is_cut_off(place: tuple[float, float], sub: int) -> None:
    small, big = np.zeros((44, 44), np.float32), np.zeros((144, 144), np.float32)
    paste(small, spot(sub), sub, *place, 1.0)
    paste(big, spot(sub), sub, place[0] + 50, place[1] + 50, 1.0)
    assert np.array_equal(small, big[50:94, 50:94])


def test_enlarging_keeps_a_slope_straight() -> None:
    slope = np.arange(10, dtype=np.float32)[:, None] + np.zeros(10, np.float32)
    large = enlarged(slope, 4, 30, 32)
    assert large.shape == (30, 32)
    assert np.allclose(np.diff(large, axis=0), 0.25)
    assert large[0, 0] == pytest.approx(0.625)


@pytest.mark.parametrize("pixel_um", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("blur_um", [0.2, 1.0, 3.0])
def test_a_stamp_keeps_its_light_and_its_centre(pixel_um: float, blur_um: float) -> None:
    picture = chromatin(5, Phase.INTERPHASE, 1.0, Shape(0.3, 0.5, 1.0, 1.2))
    stamp = blurred(picture, STEP_UM, blur_um, pixel_um, 2)
    area = (pixel_um / 2) ** 2
    assert stamp.sum() * area == pytest.approx(picture.sum() * STEP_UM**2, rel=0.02)
    here, there = np.array(centre(stamp)) * pixel_um / 2, np.array(centre(picture)) * STEP_UM
    middle = len(stamp) * pixel_um / 4, len(picture) * STEP_UM / 2
    assert here - middle[0] == pytest.approx(there - middle[1], abs=0.15)
