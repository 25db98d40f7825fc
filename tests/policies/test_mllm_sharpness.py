"""Sharpness of small objects: a blur of a fraction of a pixel shows, whatever the exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import ndimage

from policies.mllm.bricks import degrade
from policies.mllm.concepts import OUT_FROM, SOFT_FROM
from policies.mllm.measures import NAMES, measure
from policies.mllm.model.focus_gauge import MEMBERS, FocusGauge, masses, with_gauges
from policies.mllm.model.gauges import BLUR_FLOOR
from policies.mllm.model.measured import Gauged
from policies.mllm.pixels import noise_of
from policies.mllm.sharpness import SHARPNESS_NAMES, half_octaves, smoothed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]


def nuclei(blur_px: float, gain: float = 1.0, seed: int = 3) -> tuple[Image, Image]:
    """Small nuclei (radius 6) with texture, blurred, then the camera's noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:160, :160]
    inside = np.zeros((160, 160), bool)
    for row, column in rng.uniform(8, 152, (30, 2)):
        inside |= np.hypot(rows - row, columns - column) < 6
    texture = ndimage.gaussian_filter(rng.standard_normal(inside.shape), 1.0)
    light = ndimage.gaussian_filter(inside * (200 + 120 * texture), 0.6)
    if blur_px:
        light = ndimage.gaussian_filter(light, blur_px)
    image = gain * (100 + light + 4 * rng.standard_normal(inside.shape))
    return np.asarray(image, np.float32), np.asarray(inside, np.float32)


def told(blur_px: float, gain: float = 1.0, seed: int = 3) -> dict[str, float]:
    image, inside = nuclei(blur_px, gain, seed)
    return dict(zip(NAMES, (float(v) for v in measure(image, inside)), strict=True))


@pytest.mark.parametrize("name", ["re-blur 0.7 at 1/1", "re-blur of all at 1/1"])
@pytest.mark.parametrize("gain", [1.0, 9.0])
def test_every_half_pixel_of_blur_shows_at_the_rims(name: str, gain: float) -> None:
    for seed in (3, 4):
        found = [told(blur, gain, seed)[name] for blur in (0.0, 0.5, 1.0, 1.5)]
        assert np.all(np.diff(found) < -0.02), found


def test_widths_grow_with_blur_and_texture_goes() -> None:
    sharp, soft = told(0.0), told(1.5)
    assert soft["width at 1/1"] > sharp["width at 1/1"] + 0.1
    assert soft["texture 2"] < sharp["texture 2"] - 0.1


def test_without_objects_the_whole_image_is_looked_at() -> None:
    image, inside = nuclei(0.5)
    found = dict(zip(NAMES, measure(image, np.zeros_like(inside)), strict=True))
    assert found["re-blur 0.7 at 1/1"] > 0


def test_white_noise_has_the_same_power_in_every_half_octave() -> None:
    noise = np.random.default_rng(0).standard_normal((128, 96))
    power = np.abs(np.fft.rfft2(noise)) ** 2
    over_noise = half_octaves(power, noise.shape)[-9:]
    assert np.max(np.abs(over_noise[:6])) < 0.1  # the coarse ones hold few coefficients
    assert len(half_octaves(power, noise.shape)) + 30 == len(SHARPNESS_NAMES)


def test_smoothing_keeps_the_mean_and_adds_half_a_square_pixel() -> None:
    point = np.zeros((21, 21), np.float32)
    point[10, 10] = 1
    once = smoothed(point)
    rows = np.arange(21) - 10
    assert once.sum() == pytest.approx(1)
    assert float((once.sum(1) * rows**2).sum()) == pytest.approx(0.5)
    assert smoothed(np.ones((5, 7), np.float32)) == pytest.approx(np.ones((5, 7)))


def test_a_blur_before_the_camera_leaves_its_noise() -> None:
    rng = np.random.default_rng(2)
    image = (100 + 5 * rng.standard_normal((96, 96, 2))).astype(np.float32)
    image[..., 1] = 0  # a channel without noise gets none
    soft = degrade.defocus(image, 1.5, rng)
    back = degrade.grained(soft, image, rng)
    assert noise_of(soft[..., 0]) < 0.6 * noise_of(image[..., 0])
    assert noise_of(back[..., 0]) == pytest.approx(noise_of(image[..., 0]), rel=0.1)
    np.testing.assert_array_equal(back[..., 1], soft[..., 1])


@pytest.mark.parametrize(
    ("relative_blur", "state"),
    [(0.0, 0), (0.8 * SOFT_FROM, 0), (0.16, 1), (1.3 * OUT_FROM, 2), (0.9, 2)],
)
def test_a_sure_blur_names_its_state(relative_blur: float, state: int) -> None:
    blur = torch.tensor([np.log2(relative_blur + BLUR_FLOOR)], dtype=torch.float32)
    found = masses(blur, torch.tensor([0.05]), torch.zeros(1, 4))
    assert int(found[0, :3].argmax()) == state
    assert float(found[0, :3].exp().sum()) == pytest.approx(1, abs=1e-3)
    unsure = masses(blur, torch.tensor([1.5]), torch.zeros(1, 4))
    assert float(unsure[0, :3].exp().max()) < float(found[0, :3].exp().max())


def test_the_focus_gauge_says_the_mean_of_its_networks() -> None:
    torch.manual_seed(1)
    head = FocusGauge(8, 4).eval()
    known = with_gauges(torch.randn(3, 8), Gauged(torch.zeros(3), torch.zeros(3, 4), torch.ones(3)))
    each, joint = head.members(known), head(known)
    assert len(each) == MEMBERS
    mean = torch.stack([one.focus.softmax(1) for one in each]).mean(0)
    torch.testing.assert_close(joint.focus.softmax(1), mean)
    torch.testing.assert_close(joint.blur, torch.stack([one.blur for one in each]).mean(0))


def test_networks_that_know_only_the_blur_name_its_state() -> None:
    head = FocusGauge(8, 4).eval()
    for net in head.nets:
        assert isinstance(net, torch.nn.Sequential)
        last = net[-1]
        assert isinstance(last, torch.nn.Linear)
        torch.nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.zero_()
            last.bias[:2] = torch.tensor([np.log2(0.16 + BLUR_FLOOR), -4.0])
            last.bias[-1] = -3  # of "unknown", which no blur speaks for
    with torch.no_grad():
        said = head(torch.randn(2, 13))
    assert said.focus.argmax(1).tolist() == [1, 1]
    assert float(said.focus.exp()[0, 1]) > 0.9
