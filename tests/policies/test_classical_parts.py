"""The parts of the classical judge against scikit-image and against known numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from policies_synthetic import BACKGROUND, INTERPHASE, Scene
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import regionprops

from policies.classical.background import fit_background
from policies.classical.condensed import Pair, Piece, find_pairs, find_pieces
from policies.classical.features import moments
from policies.classical.field import bin_pixels, prepare
from policies.classical.focus import brenner, measure_edges
from policies.classical.mitosis import WEIGHTS, describe, score
from policies.classical.segment import otsu, segment
from policies.measure.plateau import saturated_share

RNG = np.random.default_rng(11)

PLATE = Piece(
    row=50, col=50, peak=3.0, dna=0.9, area_um2=33, long_um=12, short_um=3.5,
    angle=0.0, fill=1.04, edge=False,
)  # fmt: skip
DAUGHTER = dataclasses.replace(PLATE, dna=0.5, area_um2=24, long_um=9, short_um=3.2)
DEAD = dataclasses.replace(PLATE, peak=5.0, dna=0.9, area_um2=20, long_um=5.5, short_um=5.0)
NUCLEUS = dataclasses.replace(PLATE, peak=1.8, dna=1.2, area_um2=90, long_um=13, short_um=9)
FACING = Pair(other=1, distance_um=9.0, match=0.95)


def test_shapes_agree_with_regionprops() -> None:
    labels, count = ndimage.label(ndimage.gaussian_filter(RNG.random((90, 120)), 3) > 0.5)
    where = np.flatnonzero(labels)
    shapes = moments(where, labels.ravel()[where], labels.shape[1], count, um=0.5)
    for index, region in enumerate(regionprops(labels)):
        assert shapes.area_um2[index] == pytest.approx(region.area * 0.25)
        assert shapes.row[index] == pytest.approx(region.centroid[0])
        assert shapes.col[index] == pytest.approx(region.centroid[1])
        if region.area > 20:
            long_um, short_um = region.axis_major_length * 0.5, region.axis_minor_length * 0.5
            assert shapes.long_um[index] == pytest.approx(long_um, rel=0.05)
            assert shapes.short_um[index] == pytest.approx(short_um, rel=0.05)


def test_the_angle_of_an_object_is_that_of_its_long_axis() -> None:
    scene = Scene(seed=1)
    scene.blob(64, 64, 30, 8, 1000, angle=0.5)
    labels, count = ndimage.label(scene.light > 300)
    where = np.flatnonzero(labels)
    shapes = moments(where, labels.ravel()[where], labels.shape[1], count, um=0.5)
    assert shapes.angle[0] == pytest.approx(0.5, abs=0.02)
    assert shapes.long_um[0] == pytest.approx(30, rel=0.03)
    assert shapes.short_um[0] == pytest.approx(8, rel=0.05)


def test_otsu_agrees_with_scikit_image() -> None:
    values = np.concatenate([RNG.normal(10, 2, 4000), RNG.normal(40, 5, 1000)]).astype(np.float32)
    assert otsu(values) == pytest.approx(threshold_otsu(values), abs=1.0)
    assert otsu(np.full(5, 3.0, np.float32)) == 3.0


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_binning_is_the_mean_and_drops_what_is_left_over(factor: int) -> None:
    pixels = RNG.integers(0, 4096, (37, 50)).astype(np.uint16)
    binned = bin_pixels(pixels, factor)
    rows, cols = 37 // factor, 50 // factor
    blocks = pixels[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor)
    assert binned.dtype == np.float32
    assert np.allclose(binned, blocks.mean(axis=(1, 3)))


def test_the_background_of_a_crowded_vignetted_field_is_found() -> None:
    scene = Scene(size=256, pixel_um=1.0, seed=2)
    scene.grid(spacing=22)
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    shade = 1 - 0.3 * (x**2 + y**2)
    field = prepare((scene.image() * shade).astype(np.uint16), 1.0)
    free = ndimage.binary_erosion(scene.light == 0, iterations=3)
    assert np.abs(field.surface - BACKGROUND * shade)[free].mean() < 0.05 * BACKGROUND
    assert abs(float(np.median(field.image[free]))) < 0.05 * BACKGROUND


@pytest.mark.parametrize("shape", [(16, 16), (20, 90), (40, 41), (200, 16)])
def test_small_fields_have_a_background_too(shape: tuple[int, int]) -> None:
    image = RNG.normal(50, 1, shape).astype(np.float32)
    surface = fit_background(image, 1.0).surface
    assert surface.shape == shape
    assert abs(float(surface.mean()) - 49) < 3


def test_the_noise_is_measured_between_the_nuclei() -> None:
    scene = Scene(size=256, seed=3)
    scene.grid()
    image = scene.image(noise=20.0)
    field = prepare(image, 1.0)  # no binning
    assert field.noise == pytest.approx(np.hypot(20, np.sqrt(BACKGROUND)), rel=0.15)
    empty = ndimage.gaussian_filter(RNG.normal(0, 1, (256, 256)), 1.0)
    assert prepare(
        (100 + 20 * RNG.standard_normal((256, 256))).astype(np.uint16), 1.0
    ).smooth_noise == (pytest.approx(20 * empty.std(), rel=0.15))


def test_the_level_is_that_of_the_ordinary_nuclei() -> None:
    scene = Scene(seed=4)
    scene.grid(skip=((0, 0), (1, 1), (2, 2)))
    for place in ((0, 0), (1, 1), (2, 2)):
        scene.metaphase(*scene.at(*place))
    nuclei = segment(prepare(scene.image(), 0.5))
    assert nuclei.level == pytest.approx(INTERPHASE, rel=0.15)


@pytest.mark.parametrize("blur_um", [2.0, 2.5, 3.0])
def test_the_width_of_edges_is_about_the_blur_in_um(blur_um: float) -> None:
    scene = Scene(seed=5)
    for place in ((0, 0), (0, 2), (2, 0), (2, 2)):
        scene.blob(*scene.at(*place), 26, 24, 500.0, grain=0.02)
    field = prepare(scene.image(blur_um=blur_um), 0.5)
    assert measure_edges(field, segment(field)).blur_um == pytest.approx(blur_um, rel=0.3)


def test_brenner_prefers_the_sharper_image() -> None:
    image = RNG.random((64, 64)).astype(np.float32)
    assert brenner(image) > brenner(ndimage.gaussian_filter(image, 1.0)) > brenner(image * 0)


@pytest.mark.parametrize(
    ("pixels", "share"),
    [
        (np.full((20, 20), 255, np.uint8), 1.0),
        (np.minimum(RNG.integers(0, 6000, (100, 100)), 4095).astype(np.uint16), 0.32),
        (np.minimum(RNG.integers(0, 1500, (100, 100)), 1000).astype(np.uint16), 0.33),
        (RNG.integers(0, 200, (100, 100)).astype(np.uint8), 0.0),
        (RNG.normal(500, 20, (100, 100)).astype(np.uint16), 0.0),
    ],
)
def test_a_ceiling_is_recognised_whatever_the_bit_depth(pixels: np.ndarray, share: float) -> None:
    assert saturated_share(pixels) == pytest.approx(share, abs=0.03)


def test_a_plate_is_measured_as_it_was_painted() -> None:
    scene = Scene(seed=6)
    scene.grid(skip=((1, 1),))
    x, y = scene.at(1, 1)
    scene.metaphase(x, y, angle=0.4)
    field = prepare(scene.image(), 0.5)
    (piece,) = (p for p in find_pieces(field, segment(field)) if p.peak > 2.2)
    assert piece.col * field.um == pytest.approx(x, abs=0.8)
    assert piece.row * field.um == pytest.approx(y, abs=0.8)
    assert piece.angle == pytest.approx(0.4, abs=0.1)
    assert piece.long_um == pytest.approx(12, rel=0.15)
    assert piece.short_um == pytest.approx(4, rel=0.25)
    assert not piece.edge


@pytest.mark.parametrize("pixel_um", [0.1, 0.16, 0.2, 0.325, 0.65, 1.0])
def test_pieces_are_measured_alike_at_any_pixel_size(pixel_um: float) -> None:
    scene = Scene(size=round(70 / pixel_um), pixel_um=pixel_um, seed=8)
    for x, y in ((15.0, 15.0), (50.0, 15.0), (15.0, 50.0)):
        scene.nucleus(x, y)
    scene.blob(45.0, 45.0, 12, 4, 3.0 * INTERPHASE, angle=0.4, grain=0.03)
    field = prepare(scene.image(), pixel_um)
    piece = max(find_pieces(field, segment(field)), key=lambda p: p.peak)
    assert (piece.col + 0.5) * field.um == pytest.approx(45, abs=0.8)
    assert piece.long_um == pytest.approx(12, rel=0.15)


def test_two_plates_of_an_anaphase_find_each_other() -> None:
    scene = Scene(seed=7)
    scene.grid(skip=((1, 1),))
    scene.anaphase(*scene.at(1, 1), gap=9.0)
    field = prepare(scene.image(), 0.5)
    pieces = find_pieces(field, segment(field))
    plates = [index for index, piece in enumerate(pieces) if piece.peak > 2.0]
    assert len(plates) == 2
    pairs = find_pairs(pieces, field.um)
    for me, it in (plates, plates[::-1]):
        pair = pairs[me]
        assert pair is not None
        assert pair.other == it
        assert pair.distance_um == pytest.approx(9.0, abs=0.5)
        assert pair.match > 0.7


@pytest.mark.parametrize(
    ("piece", "pair", "low", "high"),
    [
        (PLATE, None, 0.9, 1.0),
        (DAUGHTER, FACING, 0.9, 1.0),
        (DEAD, None, 0.0, 0.4),
        (NUCLEUS, None, 0.0, 0.1),
        (dataclasses.replace(PLATE, edge=True), None, 0.0, 0.0),
        (dataclasses.replace(PLATE, peak=1e9, dna=1e9, long_um=1e9), None, 0.0, 1.0),
        (dataclasses.replace(PLATE, peak=1.0, dna=-5.0, short_um=0.01), None, 0.0, 1.0),
    ],
)
def test_the_score_of_typical_pieces(
    piece: Piece, pair: Pair | None, low: float, high: float
) -> None:
    assert low <= score(piece, pair) <= high


def test_a_partner_that_faces_it_speaks_for_a_short_plate() -> None:
    short = dataclasses.replace(DAUGHTER, long_um=7, short_um=4)
    assert score(short, FACING) > score(short, None) + 0.2
    far = dataclasses.replace(FACING, distance_um=40.0)
    assert score(short, far) == pytest.approx(score(short, None))


def test_every_feature_has_its_weight() -> None:
    assert describe(PLATE, FACING).keys() == WEIGHTS.keys()
