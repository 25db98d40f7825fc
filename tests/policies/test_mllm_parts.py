"""Instances, segmentation scores, normal frames and the sign of a stack's defocus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from policies_synthetic import frame as frame_of
from scipy import ndimage

from policies.measure.segmentation import average_precision, tally
from policies.mllm.instances import Cut, instances, tidy, with_pieces
from policies.mllm.measures import seams
from policies.mllm.normal import LEAST, MOST, NormalFrames
from policies.mllm.view import stack_defocus_um

Labels = NDArray[np.int32]


def disks(*centres: tuple[int, int], radius: float = 9.0, side: int = 64) -> Labels:
    y, x = np.mgrid[0:side, 0:side]
    out = np.zeros((side, side), np.int32)
    away = np.full((side, side), np.inf)
    for label, (row, column) in enumerate(centres, start=1):
        distance = np.hypot(y - row, x - column)
        mine = (distance <= radius) & (distance < away)
        out[mine] = label
        away = np.minimum(away, distance)
    return out


def votes(labels: Labels) -> NDArray[np.float32]:
    """What a perfect model would say: from every pixel to its object's centre."""
    pull = np.zeros((2, *labels.shape), np.float32)
    rows, columns = np.indices(labels.shape)
    for label in range(1, int(labels.max()) + 1):
        mine = labels == label
        row, column = ndimage.center_of_mass(mine)
        pull[0][mine] = (row - rows)[mine]
        pull[1][mine] = (column - columns)[mine]
    return pull


@pytest.mark.parametrize(
    "truth",
    [
        disks((20, 20), (20, 36)),
        disks((20, 20), (20, 37), (35, 28)),
        disks((10, 10), (50, 50), radius=4),
        disks((0, 0), (63, 63)),
    ],
    ids=["two touching", "three touching", "two small", "at the border"],
)
def test_touching_disks_come_apart(truth: Labels) -> None:
    found = instances((truth > 0).astype(np.float32), votes(truth), Cut())
    assert found.max() == truth.max()
    assert average_precision([tally(found, truth)])[5] == 1.0


def plate_among_disks() -> Labels:
    """Three large disks, and a plate of 3 x 14 pixels: too few votes for a centre."""
    truth = disks((16, 16), (16, 46), (46, 16), radius=13)
    truth[50:53, 40:54] = 4
    return truth


@pytest.mark.parametrize(("alone_px", "found"), [(0, 3), (16, 4), (42, 4), (43, 3)])
def test_a_thin_thing_among_large_ones_is_an_object(alone_px: int, found: int) -> None:
    truth = plate_among_disks()
    cut = Cut(alone_px=alone_px)
    got = instances((truth > 0).astype(np.float32), votes(truth), cut)
    assert got.max() == found
    assert len(np.unique(got)) == found + 1
    if found == 4:
        assert (got[50:53, 40:54] == 4).all()


def test_foreground_that_touches_an_object_is_no_piece() -> None:
    labels = np.zeros((8, 12), np.int32)
    labels[2:5, 2:5] = 1
    foreground = labels > 0
    foreground[2:5, 5:9] = True  # touches it
    foreground[7, 0:3] = True
    got = with_pieces(labels, foreground, 3)
    assert np.array_equal(got == 1, labels == 1)
    assert (got[7, 0:3] == 2).all()
    assert np.count_nonzero(got) == 9 + 3
    assert not with_pieces(np.zeros_like(labels), np.zeros_like(foreground), 3).any()


def test_nothing_gives_no_instances() -> None:
    nothing = np.zeros((16, 16), np.float32)
    assert not instances(nothing, np.zeros((2, 16, 16), np.float32), Cut()).any()


def test_small_objects_go_and_ids_have_no_gaps() -> None:
    labels = np.array([[1, 1, 1, 0], [2, 0, 3, 3], [0, 0, 3, 3]], np.int32)
    assert np.unique(tidy(labels, 3)).tolist() == [0, 1, 2]
    assert not tidy(labels, 9).any()


BOX = np.zeros((10, 10), np.int32)
BOX[2:6, 2:6] = 1  # 16 pixels
SHIFTED = np.roll(BOX, 1, axis=1)  # 12 in common of 20: IoU 0.6
TWO = BOX.copy()
TWO[8:, 8:] = 2


@pytest.mark.parametrize(
    ("predicted", "true", "at_half", "at_65"),
    [
        (BOX, BOX, 1.0, 1.0),
        (SHIFTED, BOX, 1.0, 0.0),
        (TWO, BOX, 0.5, 0.5),
        (BOX, TWO, 0.5, 0.5),
        (BOX * 0, BOX, 0.0, 0.0),
        (BOX, BOX * 0, 0.0, 0.0),
        (BOX * 700, BOX, 1.0, 1.0),
        (np.where(BOX, 2, 1), np.where(BOX, 1, 2), 1.0, 1.0),
    ],
)
def test_average_precision_by_hand(
    predicted: Labels, true: Labels, at_half: float, at_65: float
) -> None:
    ap = average_precision([tally(predicted, true)])
    assert ap[0] == pytest.approx(at_half)
    assert ap[3] == pytest.approx(at_65)


def test_images_are_pooled_not_averaged() -> None:
    ap = average_precision([tally(BOX, BOX), tally(BOX * 0, TWO)])
    assert ap[0] == pytest.approx(1 / 3)


QUIET = np.zeros(2, np.float32)  # seams of a frame without any


def test_an_odd_frame_scores_higher_than_the_usual_ones() -> None:
    rng = np.random.default_rng(0)
    normal = NormalFrames(np.ones(12, np.float32))
    for n in range(MOST + 10):
        assert (normal.score(np.zeros(12, np.float32), QUIET) is None) == (n < LEAST)
        normal.add(rng.standard_normal(12).astype(np.float32), QUIET)
    usual = normal.score(rng.standard_normal(12).astype(np.float32), QUIET)
    odd = normal.score(np.full(12, 9.0, np.float32), QUIET)
    assert usual is not None
    assert odd is not None
    assert usual < 2 < odd


def test_a_feature_that_never_varies_does_not_divide_by_zero() -> None:
    normal = NormalFrames(np.zeros(3, np.float32))
    for _ in range(LEAST):
        normal.add(np.zeros(3, np.float32), QUIET)
    score = normal.score(np.ones(3, np.float32), QUIET)
    assert score is not None
    assert np.isfinite(score)


def test_a_slipped_read_out_is_odd_though_its_features_are_usual() -> None:
    rng = np.random.default_rng(0)
    normal = NormalFrames(np.ones(4, np.float32))
    for _ in range(20):
        normal.add(rng.standard_normal(4).astype(np.float32), seams(noisy(rng)))
    whole, slipped = noisy(rng), noisy(rng)
    slipped[30:] = np.roll(slipped[30:], 25, axis=1)
    usual = normal.score(np.zeros(4, np.float32), seams(whole))
    odd = normal.score(np.zeros(4, np.float32), seams(slipped))
    assert usual is not None
    assert odd is not None
    assert odd > 2 * usual


def noisy(rng: np.random.Generator) -> NDArray[np.float32]:
    """Round bright things on a noisy background."""
    image = ndimage.gaussian_filter(rng.random((64, 64)), 3.0) * 900
    return np.asarray(image + rng.standard_normal((64, 64)), np.float32)


@pytest.mark.parametrize("plane_um", [-2.0, 0.5, 2.0])
def test_defocus_is_positive_where_the_stage_is_too_high(plane_um: float) -> None:
    """The middle of the stack is at 0: above a plane below it, and the other way round."""
    pattern = np.random.default_rng(3).random((64, 64)) * 4000
    stack = []
    for z in np.arange(-5.0, 5.1, 1.0):
        blurred = ndimage.gaussian_filter(pattern, 0.3 + 0.4 * abs(z - plane_um))
        frame = frame_of(blurred.astype(np.uint16), pixel_um=0.5)
        stack.append(replace(frame, meta=replace(frame.meta, z_um=float(z))))
    found = stack_defocus_um(stack[::-1])
    assert found is not None
    assert found == pytest.approx(-plane_um, abs=0.3)


def test_defocus_is_unknown_without_a_peak_inside_the_stack() -> None:
    frame = frame_of(
        np.random.default_rng(0).integers(0, 99, (32, 32)).astype(np.uint16), pixel_um=0.5
    )
    assert stack_defocus_um([frame, frame]) is None
    assert stack_defocus_um([frame, frame, frame]) is None
