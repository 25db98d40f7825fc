"""Focus is found where the specimen is sharp, or not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hardware.autofocus import (
    FocusPoint,
    Sweep,
    autofocus,
    drift_um_per_s,
    predict_offset,
    sharpness,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SWEEP = Sweep(16.0, 4.0, 1.0)
HOUR = 3600.0


def bell(peak_um: float, width_um: float = 5.0) -> Callable[[float], float]:
    return lambda z: float(0.2 + np.exp(-((z - peak_um) ** 2) / (2 * width_um**2)))


# --------------------------------------------------------------------------- the sweep


def test_coarse_then_fine_from_low_to_high_each() -> None:
    asked: list[float] = []

    def measure(z: float) -> float:
        asked.append(z)
        return bell(1.3)(z)

    result = autofocus(measure, 0.0, SWEEP)
    assert asked[:5] == [-8.0, -4.0, 0.0, 4.0, 8.0]
    assert asked[5:] == [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]
    assert result.ok
    assert result.z_um == pytest.approx(1.3, abs=0.1)
    assert [z for z, _ in result.curve] == asked


@pytest.mark.parametrize(("peak", "edge"), [(9.0, 8.0), (-13.0, -8.0), (7.5, 8.0)])
def test_a_peak_at_the_edge_is_no_focus_and_says_where_to_look_next(
    peak: float, edge: float
) -> None:
    result = autofocus(bell(peak), 0.0, SWEEP)
    assert not result.ok
    assert result.why == f"sharpest at the edge of the sweep ({edge:g} um)"
    assert result.z_um == edge
    assert len(result.curve) == 5  # no light for a fine sweep


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_flat_curve_is_no_focus(level: float) -> None:
    result = autofocus(lambda _: level, 3.0, SWEEP)
    assert (result.ok, result.z_um) == (False, 3.0)
    assert result.why == "no contrast anywhere in the sweep"


def test_a_curve_that_goes_up_and_down_is_no_focus() -> None:
    rng = np.random.default_rng(5)
    found = [autofocus(lambda _: rng.random(), 0.0, SWEEP).ok for _ in range(500)]
    assert sum(found) <= 10  # of noise; nearly 300 of them have an interior maximum


@pytest.mark.parametrize(
    "sweep", [Sweep(1.0, 4.0, 1.0), Sweep(15.0, 4.0, 1.0), Sweep(16.0, 4.0, 4.0), Sweep(6, 1, 3)]
)
def test_odd_geometries_still_find_a_peak_in_the_middle(sweep: Sweep) -> None:
    result = autofocus(bell(0.0), 0.0, sweep)
    assert result.ok
    assert result.z_um == pytest.approx(0.0, abs=0.2)


@given(
    start=st.floats(-100, 100),
    offset=st.floats(-5.9, 5.9),
    width=st.floats(2.0, 10.0),
    floor=st.floats(0.0, 1.0),
    height=st.floats(0.5, 1e4),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_noisy_peak_inside_is_found_within_a_fine_step(
    start: float, offset: float, width: float, floor: float, height: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    peak = start + offset

    def measure(z: float) -> float:
        clean = floor + float(np.exp(-((z - peak) ** 2) / (2 * width**2)))
        return height * (clean + rng.uniform(-0.002, 0.002))

    result = autofocus(measure, start, SWEEP)
    assert result.ok
    assert abs(result.z_um - peak) <= SWEEP.fine_step_um


@given(
    scores=st.lists(st.floats(0, 10), min_size=11, max_size=11),
    start=st.floats(-50, 50),
    coarse=st.floats(0.5, 5),
)
def test_whatever_is_measured_the_answer_is_inside_the_sweep(
    scores: list[float], start: float, coarse: float
) -> None:
    sweep = Sweep(4 * coarse, coarse, coarse / 4)
    left = iter(scores)
    result = autofocus(lambda _: next(left), start, sweep)
    assert abs(result.z_um - start) <= 2 * coarse * (1 + 1e-9)
    if result.ok:
        most = max(score for _, score in result.curve)
        sharpest = [z for z, score in result.curve if score == most]  # several where they tie
        best = min(sharpest, key=lambda z: abs(z - result.z_um))
        assert abs(result.z_um - start) < 2 * coarse
        assert abs(result.z_um - best) <= coarse / 4 * (1 + 1e-6)


# --------------------------------------------------------------------------- the score


@pytest.fixture(scope="module")
def gallery() -> Callable[..., NDArray[np.uint16]]:
    """Frames of the simulated night, `z` um above the plane in which it is sharp."""
    from sim.gallery import Gallery
    from sim.load import load_scenario
    from sim.scenario import Scenario

    def frame(z: float, *, seed: int = 17, x: float = 0.0, name: str = "mitosis_night", **k: float):
        content = load_scenario(name).model_dump()
        content["camera"] |= {"height": 256, "width": 256}
        made = Gallery(Scenario.model_validate(content), seed)
        time_s = 600.0 + 10 * z  # noise of its own
        return made.frame(x_um=x, y_um=0.0, time_s=time_s, z_offset_um=z, **k).pixels

    return frame


@pytest.mark.parametrize(("seed", "x"), [(17, 0.0), (17, 600.0), (3, 0.0), (8, 1200.0)])
@pytest.mark.parametrize("side", [1, -1], ids=["above", "below"])
def test_sharpness_falls_with_defocus(
    gallery: Callable[..., NDArray[np.uint16]], seed: int, x: float, side: int
) -> None:
    offsets = (0.0, 2.0, 4.0, 6.0, 9.0, 13.0)
    scores = [sharpness(gallery(side * z, seed=seed, x=x)) for z in offsets]
    assert all(a > b > 0 for a, b in pairwise(scores))
    assert scores[0] > 4 * scores[-1]


def test_sharpness_does_not_depend_on_brightness(
    gallery: Callable[..., NDArray[np.uint16]],
) -> None:
    image = gallery(1.0)
    score = sharpness(image)
    assert sharpness((image - 50).astype(np.uint16)) == pytest.approx(score)
    for gain in (2, 4, 8):
        assert sharpness(image * gain) == pytest.approx(score, rel=0.05)


def test_a_field_without_structure_has_no_sharpness(
    gallery: Callable[..., NDArray[np.uint16]],
) -> None:
    rng = np.random.default_rng(1)
    assert sharpness(gallery(0.0, name="empty")) == 0
    assert sharpness(np.zeros((64, 64), np.uint16)) == 0
    assert sharpness(np.full((64, 64), 65535, np.uint16)) == 0
    noise = [sharpness(rng.poisson(100, (256, 256)).astype(np.uint16)) for _ in range(50)]
    assert set(noise) == {0.0}


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (3, 500), (8, 8)])
def test_a_tiny_image_has_no_sharpness_or_some_but_no_error(shape: tuple[int, int]) -> None:
    assert sharpness(np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(shape)) >= 0


def test_an_odd_sized_8_bit_image_works_as_well(
    gallery: Callable[..., NDArray[np.uint16]],
) -> None:
    image = (gallery(0.0)[:255, :253] / 32).astype(np.uint8)
    assert sharpness(image) > 0


def test_noise_in_an_empty_field_is_no_focus(
    gallery: Callable[..., NDArray[np.uint16]],
) -> None:
    for field in range(6):
        result = autofocus(
            lambda z, field=field: sharpness(gallery(z, name="empty", x=300.0 * field)), 0.0, SWEEP
        )
        assert not result.ok
        assert result.why == "no contrast anywhere in the sweep"


# --------------------------------------------------------------------------- the memory


def point(fov: str, hours: float, offset: float) -> FocusPoint:
    return FocusPoint(fov, hours * HOUR, offset)


HISTORIES: dict[str, tuple[list[FocusPoint], str, float, float]] = {
    # history, field, hours now, offset expected
    "nothing known": ([], "A1", 1.0, 0.0),
    "its own last": ([point("A1", 0, 2.0)], "A1", 1.0, 2.0),
    "its own, not the others'": ([point("A1", 0, 2.0), point("A2", 0, 9.0)], "A1", 1.0, 2.0),
    "a new field: the others' median": (
        [point("A1", 0, 1.0), point("A2", 0, 2.0), point("A3", 0, 30.0)],
        "B1",
        0.5,
        2.0,
    ),
    "drift goes on": ([point("A1", 0, 0.0), point("A1", 1, 0.5)], "A1", 2.0, 1.0),
    "also for fields seen once": (
        [point("A1", 0, 0.0), point("A2", 0, 5.0), point("A1", 1, 0.5)],
        "A2",
        1.0,
        5.5,
    ),
    "but no further ahead than it was watched": (
        [point("A1", 0, 0.0), point("A1", 1, 0.5)],
        "A1",
        9.0,
        1.0,
    ),
    "two of one minute say nothing about drift": (
        [point("A1", 0, 0.0), point("A1", 1 / 60, 0.4)],
        "A1",
        2.0,
        0.4,
    ),
    "one wrong focus in five moves the drift little": (
        [point("A1", h, 0.5 * h) for h in (0.0, 0.5, 1.0)]
        + [point("A1", 1.2, -8.0)]
        + [point("A1", h, 0.5 * h) for h in (1.5, 2.0)],
        "A1",
        2.5,
        1.25,
    ),
    "an old focus of its own beats fresh ones elsewhere": (
        [point("A1", 0, 30.0), point("A2", 3.5, 0.0), point("A2", 4.0, 0.0)],
        "A1",
        4.0,
        30.0,
    ),
    "drift before the last hours does not count": (
        [point("A1", 0, 0.0), point("A1", 1, 9.0), point("A1", 4.5, 9.0), point("A1", 6, 9.3)],
        "A1",
        7.0,
        9.5,
    ),
}


@pytest.mark.parametrize(("history", "fov", "hours", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_where_a_field_should_be_in_focus(
    history: list[FocusPoint], fov: str, hours: float, expected: float
) -> None:
    assert predict_offset(fov, hours * HOUR, history) == pytest.approx(expected)


def test_drift_is_the_same_for_all_fields_and_robust() -> None:
    fields = [f"{row}{column}" for row in "ABC" for column in range(3)]
    rng = np.random.default_rng(2)
    history = [
        point(fov, hours, i + 0.6 * hours + rng.normal(0, 0.15))
        for hours in (0.0, 0.5, 1.0, 1.5, 2.0)
        for i, fov in enumerate(fields)
    ]
    history[20] = point(history[20].fov, 1.0, 40.0)
    assert drift_um_per_s(history) * HOUR == pytest.approx(0.6, abs=0.1)


@given(
    offsets=st.lists(st.floats(-10, 10), min_size=1, max_size=12),
    gaps=st.lists(st.floats(1, 20_000), min_size=12, max_size=12),
    later=st.floats(0, 50_000),
)
def test_a_prediction_never_runs_away(
    offsets: list[float], gaps: list[float], later: float
) -> None:
    times = np.cumsum(gaps)[: len(offsets)]
    history = [FocusPoint("A1", float(t), o) for t, o in zip(times, offsets, strict=True)]
    found = predict_offset("A1", float(times[-1]) + later, history)
    span = max(offsets) - min(offsets)
    watched = float(times[-1] - times[0])
    assume(watched >= 0)
    # the steepest slope that counts, for as long as it was watched
    assert abs(found - offsets[-1]) <= span * max(watched, 600.0) / 600.0 + 1e-9


def test_time_that_went_back_predicts_the_last_focus() -> None:
    history = [point("A1", 0, 0.0), point("A1", 1, 0.5)]
    assert predict_offset("A1", 0.5 * HOUR, history) == 0.5
