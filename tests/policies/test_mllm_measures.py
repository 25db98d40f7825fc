"""Measured gauges: each number tells the fault that it is there for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from mllm_tiny import tiny_weights
from scipy import ndimage

from policies.mllm.bricks import degrade
from policies.mllm.concepts import FLAGS
from policies.mllm.measures import NAMES, measure, seams
from policies.mllm.reader import Reader
from policies.mllm.train.calibrate import Sure, fit_blends, shows
from policies.mllm.weights import Loaded, load

if TYPE_CHECKING:
    from numpy.typing import NDArray


def disks(side: int = 128) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """An image of textured nuclei, and where they are."""
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:side, :side]
    inside = np.zeros((side, side), bool)
    for row, column in rng.uniform(12, side - 12, (9, 2)):
        inside |= np.hypot(rows - row, columns - column) < 9
    light = inside * (300 + 40 * ndimage.gaussian_filter(rng.standard_normal(inside.shape), 1.0))
    image = 100 + ndimage.gaussian_filter(light, 0.8) + 3 * rng.standard_normal(inside.shape)
    return np.asarray(image, np.float32), np.asarray(inside, np.float32)


def told(image: NDArray[Any], foreground: NDArray[np.float32]) -> dict[str, float]:
    return dict(zip(NAMES, (float(v) for v in measure(image, foreground)), strict=True))


def test_a_ceiling_shows_in_the_plateau() -> None:
    image, inside = disks()
    cut = np.minimum(image, float(np.quantile(image, 0.95)))
    name = "plateau within 0"
    assert told(cut, inside)[name] > told(image, inside)[name] + 0.5


def test_a_streak_shows_as_one_direction() -> None:
    image, inside = disks()
    moved = degrade.motion(image[..., None], 14.0, np.random.default_rng(1))[..., 0]
    for name in ("one way at 1/2", "one way at 1/4"):
        assert told(moved, inside)[name] > told(image, inside)[name] + 0.2


def test_a_jump_makes_the_image_like_itself_at_its_lag() -> None:
    image, inside = disks()
    jumped = (image + np.roll(image, 10, axis=1)) / 2
    name = "like itself one way at 10 px"
    assert told(jumped, inside)[name] > told(image, inside)[name] + 0.1


def test_edges_fade_with_defocus_whatever_the_exposure() -> None:
    image, inside = disks()
    soft = degrade.defocus(image[..., None], 3.0, np.random.default_rng(1))[..., 0]
    for gain in (1.0, 7.0):
        assert told(gain * soft, inside)["edge at 1/1"] < told(image, inside)["edge at 1/1"] - 0.15


@pytest.mark.parametrize(
    "image",
    [
        np.full((40, 40), 7, np.uint16),
        np.zeros((8, 8), np.uint8),
        np.arange(9 * 700).reshape(9, 700).astype(np.uint16),
        np.random.default_rng(0).integers(0, 255, (33, 47, 3)).astype(np.uint8),
    ],
    ids=["constant", "tiny", "a strip", "colour"],
)
def test_measures_are_finite_for_any_image(image: NDArray[Any]) -> None:
    found = measure(image, np.zeros(image.shape[:2], np.float32))
    assert found.shape == (len(NAMES),)
    assert np.isfinite(found).all()
    assert np.isfinite(seams(image)).all()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tiny_weights(tmp_path_factory.mktemp("gauges")))


def test_a_blend_joins_slot_and_gauge(loaded: Loaded) -> None:
    """All weight on the gauge: the field is the gauge's own probability, plus the bias."""
    image, _ = disks()
    blends = {"motion": (0.0, 1.0), "focus": (0.0, 1.0)}
    calibration = loaded.calibration.model_copy(
        update={"blends": blends, "biases": {"motion": 2.0}}
    )
    answer = Reader(Loaded(loaded.model, loaded.tokenizer, calibration, "1")).ask(image, "mitosis")
    no, yes = answer.gauged["motion"]
    assert answer.fields["motion"][1] == pytest.approx(1 / (1 + np.exp(no - yes - 2.0)))
    assert answer.fields["focus"] == pytest.approx(
        torch.softmax(torch.tensor(answer.gauged["focus"]), 0).numpy()
    )


def test_a_rare_fault_is_raised_at_even_odds() -> None:
    """One in ten: without even odds a sign as weak as this never reaches 0.5."""
    rng = np.random.default_rng(0)
    truth = (np.arange(600) % 10 == 0).astype(np.int64)
    sign = truth * 1.5 + rng.standard_normal(600)
    gauge = Sure(np.stack([np.zeros(600), sign], 1), truth)
    slot = Sure(rng.standard_normal((600, 2)), truth)
    blends, biases = fit_blends({"motion": slot}, {"motion": gauge})
    of_slot, of_gauge = blends["motion"]
    assert of_gauge > 3 * of_slot
    called = of_gauge * sign + biases["motion"] > 0
    assert called[truth == 1].mean() > 0.6
    assert called[truth == 0].mean() < 0.4


@pytest.mark.parametrize(
    ("at", "answer"),
    [(None, 0), ((30, 30), 1), ((1, 30), None)],
    ids=["nothing", "inside", "at the border"],
)
def test_nobody_is_asked_for_what_the_border_cuts(
    at: tuple[int, int] | None, answer: int | None
) -> None:
    classes = np.zeros((64, 64), np.uint8)
    if at is not None:
        classes[at[0] : at[0] + 4, at[1] : at[1] + 4] = 3
    assert shows(classes, [3]) is answer


def test_shipped_weights_have_measured_gauges_that_were_trained_and_weighed() -> None:
    shipped = load(Path(__file__).parents[2] / "policies/mllm/weights")
    assert float(shipped.model.measured.spread.std()) > 0
    assert float(shipped.model.focused.spread.std()) > 0
    assert set(shipped.calibration.blends) == {"focus", *(flag.value for flag in FLAGS)}
