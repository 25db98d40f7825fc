"""Frames look like fluorescence micrographs where it matters to a judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from sim_kit import scenario

from sim.cells import Phase
from sim.gallery import Gallery, LabelledFrame
from sim.grain import NoiseBank

FAR = 12_000.0  # um from the middle: another part of the same dish


def gallery(name: str = "mitosis_night", **changes: Any) -> Gallery:
    return Gallery(scenario(name, **changes), 17)


def frame(source: Gallery, **changes: Any) -> LabelledFrame:
    return source.frame(**({"x_um": 600.0, "y_um": 600.0, "time_s": 9000.0} | changes))


def features(image: LabelledFrame, row: float, column: float) -> list[float] | None:
    """(log area, log brightest, log mean, pieces, elongation) of what is at a place."""
    half = 26
    r, c = int(row), int(column)
    height, width = image.pixels.shape
    if not (half <= r < height - half and half <= c < width - half):
        return None
    patch = image.pixels[r - half : r + half, c - half : c + half].astype(float) - 120
    patch = ndimage.gaussian_filter(patch, 0.7)
    mask = patch > 250
    labels, _ = ndimage.label(mask)
    near = np.unique(labels[half - 14 : half + 14, half - 14 : half + 14])
    near = near[near > 0]
    mine = np.isin(labels, near)
    if (
        not mine.any()
        or (mine & (np.pad(np.zeros((2 * half - 2,) * 2), 1, constant_values=1) > 0)).any()
    ):
        return None
    rows, columns = np.nonzero(mine)
    spread = np.linalg.eigvalsh(np.cov(np.array([rows, columns])) + 0.1 * np.eye(2))
    values = patch[mine]
    return [
        float(np.log(mine.sum())),
        float(np.log(np.percentile(values, 98))),
        float(np.log(values.mean())),
        float(len(near)),
        float(np.log(spread[1] / spread[0])),
    ]


def labelled_features(seeds: range) -> tuple[np.ndarray, np.ndarray]:
    points, labels = [], []
    busy = scenario(
        specimen={
            "cycling": 1.0,
            "cycle_h": 3.0,
            "density_per_mm2": 250.0,
            "dead": 0.1,
            "debris_per_mm2": 0.0,
        }
    )
    for seed in seeds:
        source = Gallery(busy, seed)
        image = source.frame(x_um=0, y_um=0, time_s=0.0)
        for cell in image.cells:
            found = features(image, cell.row, cell.column)
            if found is not None:
                points.append(found)
                labels.append(int(cell.phase))
    return np.array(points), np.array(labels)


def test_phases_are_told_apart_by_area_brightness_and_shape() -> None:
    points, labels = labelled_features(range(1, 25))
    train = np.arange(len(labels)) % 2 == 0
    kinds = np.unique(labels)
    assert set(kinds) >= {0, 1, 2, 3, 4, 5}
    scale = points[train].std(axis=0)
    centres = np.array([points[train & (labels == kind)].mean(axis=0) for kind in kinds])
    distance = (((points[~train, None] - centres) / scale) ** 2).sum(axis=2)
    guess, true = kinds[distance.argmin(axis=1)], labels[~train]
    assert (guess == true).mean() > 0.75
    condensed = [Phase.METAPHASE, Phase.ANAPHASE, Phase.TELOPHASE, Phase.DEAD]
    assert np.isin(guess[np.isin(true, condensed)], condensed).mean() > 0.9
    assert np.isin(guess[true == Phase.INTERPHASE], condensed).mean() < 0.02


def sharpness(image: LabelledFrame) -> float:
    pixels = image.pixels.astype(float) - 100
    return float(ndimage.laplace(ndimage.gaussian_filter(pixels, 1)).var() / pixels.mean() ** 2)


@pytest.mark.parametrize("channel", ["DAPI", "FITC"])
def test_blur_grows_with_distance_from_focus_on_both_sides(channel: str) -> None:
    source = gallery()
    for side in (1, -1):
        curve = [
            sharpness(frame(source, z_offset_um=side * dz, channel=channel))
            for dz in (0, 2, 4, 7, 12, 20)
        ]
        assert curve == sorted(curve, reverse=True)
        assert curve[0] > 4 * curve[3]


def test_light_is_spread_by_defocus_and_not_lost() -> None:
    source = gallery()
    sharp, soft = (frame(source, z_offset_um=dz).pixels.astype(float).mean() for dz in (0.0, 8.0))
    assert soft == pytest.approx(sharp, rel=0.05)


def test_a_frame_is_the_same_whenever_it_is_rendered() -> None:
    first = gallery()
    frame(first, x_um=FAR)
    frame(first, time_s=20_000.0, channel="FITC")
    again = frame(gallery())
    assert np.array_equal(frame(first).pixels, again.pixels)


@pytest.mark.parametrize("change", [{"time_s": 9000.000001}, {"channel": "FITC"}])
def test_every_exposure_has_its_own_noise(change: dict[str, Any]) -> None:
    source = gallery("empty", optics={"vignetting": 0.0})
    one, other = (frame(source, **what).pixels.astype(float) for what in ({}, change))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02


def test_noise_is_shot_noise_plus_read_noise() -> None:
    source = gallery("empty", optics={"vignetting": 0.0})
    camera = source.scenario.camera
    for exposure_ms in (0.01, 20.0, 400.0):
        pixels = frame(source, exposure_ms=exposure_ms).pixels.astype(float)
        electrons = (pixels.mean() - camera.offset) * camera.gain_e
        expected = (electrons + camera.read_noise_e**2) / camera.gain_e**2 + 1 / 12
        assert pixels.var() == pytest.approx(expected, rel=0.05)


def test_the_noise_bank_is_standard_normal_and_seldom_repeats() -> None:
    bank = NoiseBank(256, 256)
    windows = [bank.window(17, n) for n in range(8)]
    for window in windows:
        assert window.mean() == pytest.approx(0, abs=0.02)
        assert window.std() == pytest.approx(1, abs=0.02)
    flat = np.array([window.ravel() for window in windows])
    assert np.abs(np.corrcoef(flat) - np.eye(8)).max() < 0.05


@pytest.mark.parametrize(("bits", "top"), [(16, 65535), (12, 4095)])
def test_pixels_saturate_at_the_top_of_the_converter(bits: int, top: int) -> None:
    source = gallery(camera={"bits": bits})
    assert frame(source, exposure_ms=2000.0).pixels.max() == top


def test_corners_are_darker() -> None:
    pixels = frame(gallery("empty"), channel="Cy5").pixels.astype(float) - 100
    assert pixels[:64, :64].mean() < 0.9 * pixels[224:288, 224:288].mean()


def test_light_and_pixels_follow_the_objective() -> None:
    counts = {}
    for objective in ("10X", "20X", "40X"):
        source = Gallery(scenario(), 17, objective)
        image = frame(source)
        assert image.pixel_um == {"10X": 1.0, "20X": 0.5, "40X": 0.25}[objective]
        counts[objective] = sum(
            0 <= cell.row < 512 and 0 <= cell.column < 512 and cell.phase < Phase.DEAD
            for cell in image.cells
        )
    assert counts["10X"] > 3 * counts["20X"] > 6 * counts["40X"] > 0


def test_other_presets_look_like_brightfield_and_turn_over_at_focus() -> None:
    source = gallery(specimen={"dead": 0.0})
    cells = frame(source, channel="FITC").pixels > 500
    above, below = (frame(source, channel="Cy5", z_offset_um=dz).pixels for dz in (7.0, -9.0))
    ground = np.median(above)
    assert ground > 3000
    inner = ndimage.binary_erosion(cells, iterations=6)
    ring = ~ndimage.binary_dilation(cells, iterations=6)
    contrast = [image[inner].mean() / image[ring].mean() for image in (above, below)]
    assert min(contrast) < max(contrast) - 0.02


def test_a_bubble_darkens_a_disk_that_moves() -> None:
    clean = gallery("faults", faults=())
    bubbly = gallery("faults")
    darker = []
    for time_s in (5900.0, 6300.0):
        with_it = frame(bubbly, time_s=time_s, channel="Cy5").pixels.astype(float)
        without = frame(clean, time_s=time_s, channel="Cy5").pixels.astype(float)
        mask = ndimage.uniform_filter(with_it, 9) < 0.8 * ndimage.uniform_filter(without, 9)
        assert 0.02 < mask.mean() < 0.5
        darker.append(ndimage.center_of_mass(mask)[1])
    assert darker[1] > darker[0] + 100
    outside = frame(bubbly, time_s=6500.0).pixels
    assert np.array_equal(outside, frame(clean, time_s=6500.0).pixels)
