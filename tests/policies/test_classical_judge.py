"""The classical judge on painted scenes, on real images, and on input it must not trust."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from policies_synthetic import BACKGROUND, Scene, frame
from skimage.io import imread

from hardware.data import Frame
from policies.classical.judge import ClassicalJudge
from policies.verdict import Flag, FocusState, Verdict

RNG = np.random.default_rng(5)


def judge(pixels: Any, *, target: str = "mitosis", pixel_um: float = 0.5) -> Verdict:
    return ClassicalJudge().judge([frame(pixels, pixel_um=pixel_um)], target=target)


def interphase(seed: int = 1) -> Scene:
    scene = Scene(seed=seed)
    scene.grid(skip=((1, 1),))
    return scene


def test_resting_nuclei_are_counted_and_are_not_the_target() -> None:
    scene = interphase()
    verdict = judge(scene.image())
    assert verdict.count == scene.nuclei
    assert verdict.focus.state is FocusState.IN
    assert verdict.flags == ()
    assert not verdict.abstained
    assert verdict.p_target is not None and verdict.p_target < 0.3
    assert {seen.label for seen in verdict.objects} == {"nucleus"}
    assert all(100 < seen.area_um2 < 260 for seen in verdict.objects)
    assert verdict.confluence is not None and 0.1 < verdict.confluence < 0.3
    assert "15 nuclei, focus in" in verdict.rationale


@pytest.mark.parametrize("dtype", ["uint16", "uint8"])
@pytest.mark.parametrize("stage", ["metaphase", "anaphase"])
def test_a_dividing_cell_is_seen(stage: str, dtype: str) -> None:
    scene = interphase()
    getattr(scene, stage)(*scene.at(1, 1))
    pixels = scene.image(dtype=dtype, gain=0.06 if dtype == "uint8" else 1.0, noise=2.0)
    verdict = judge(pixels)
    assert verdict.p_target is not None and verdict.p_target > 0.6
    found = [seen for seen in verdict.objects if seen.label == "mitosis"]
    assert 1 <= len(found) <= 2


@pytest.mark.parametrize("pixel_um", [0.25, 0.5, 1.0])
def test_a_dividing_cell_is_seen_at_every_magnification(pixel_um: float) -> None:
    scene = Scene(size=round(160 / pixel_um), pixel_um=pixel_um, seed=2)
    scene.grid(skip=((2, 2),))
    scene.metaphase(*scene.at(2, 2))
    verdict = judge(scene.image(), pixel_um=pixel_um)
    assert verdict.p_target is not None and verdict.p_target > 0.6
    assert verdict.count == scene.nuclei + 1


@pytest.mark.parametrize("seed", range(4))
def test_a_dead_nucleus_is_not_the_target(seed: int) -> None:
    scene = interphase(seed)
    scene.dead(*scene.at(1, 1))
    verdict = judge(scene.image())
    assert verdict.p_target is not None and verdict.p_target < 0.6


def test_a_plate_cut_by_the_border_is_not_judged() -> None:
    scene = interphase()
    scene.metaphase(0.5, 64.0, angle=0.0)
    verdict = judge(scene.image())
    assert verdict.p_target is not None and verdict.p_target < 0.3


def test_objects_are_in_stage_micrometres() -> None:
    scene = Scene(seed=3)
    for x, y in ((30.0, 30.0), (100.0, 30.0), (30.0, 100.0)):
        scene.nucleus(x, y)
    scene.metaphase(90.0, 80.0)
    verdict = judge(scene.image())  # the frame is 128 um wide, its centre at (1000, -500)
    (plate,) = (seen for seen in verdict.objects if seen.label == "mitosis")
    assert plate.x_um == pytest.approx(1000 + 90 - 64, abs=0.6)
    assert plate.y_um == pytest.approx(-500 + 80 - 64, abs=0.6)
    assert plate.score == verdict.p_target


def test_touching_nuclei_are_counted_apart() -> None:
    scene = Scene(seed=4)
    for x, y in ((40, 40), (55, 40), (90, 40), (90, 55), (40, 92), (55, 92), (47, 106)):
        scene.nucleus(x, y)
    assert judge(scene.image()).count == 7


@pytest.mark.parametrize(
    ("blur_um", "states"),
    [
        (0.4, {"in"}),
        (0.8, {"in"}),
        (1.6, {"in", "soft"}),
        (2.2, {"soft", "out"}),
        (3.5, {"out"}),
        (8.0, {"out"}),
    ],
)
def test_focus_is_told_from_one_frame(blur_um: float, states: set[str]) -> None:
    assert judge(interphase().image(blur_um=blur_um)).focus.state.value in states


@pytest.mark.parametrize("gain", [0.2, 1.0, 5.0])
def test_the_focus_state_does_not_depend_on_brightness(gain: float) -> None:
    assert judge(interphase().image(gain=gain)).focus.state is FocusState.IN
    assert judge(interphase().image(gain=gain, blur_um=4.0)).focus.state is FocusState.OUT


def test_sharper_frames_score_higher() -> None:
    scores = [judge(interphase().image(blur_um=b)).focus.score for b in (0.4, 0.9, 1.4, 2.0, 3.0)]
    assert scores == sorted(scores, reverse=True)


def test_out_of_focus_abstains_but_says_so_for_the_policy() -> None:
    scene = interphase()
    scene.metaphase(*scene.at(1, 1))
    verdict = judge(scene.image(blur_um=4.0))
    assert verdict.abstained
    assert verdict.why_abstained == "out of focus"
    assert verdict.p_target is None
    assert verdict.count is None
    assert verdict.focus.state is FocusState.OUT


@pytest.mark.parametrize("level", [0, 100, 3000])
def test_an_empty_field_is_an_answer_not_an_abstention(level: int) -> None:
    pixels = (RNG.normal(level, 8, (256, 256))).clip(0).astype(np.uint16)
    verdict = judge(pixels)
    assert verdict.count == 0
    assert not verdict.abstained
    assert verdict.p_target is not None and verdict.p_target < 0.01
    assert verdict.focus.state is FocusState.UNKNOWN
    assert verdict.flags == (Flag.EMPTY,)


def test_vignetting_alone_is_an_empty_field() -> None:
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    light = 400.0 * (1 - 0.3 * (x**2 + y**2) / 2)
    verdict = judge(RNG.poisson(light).astype(np.uint16))
    assert verdict.count == 0
    assert verdict.focus.state is FocusState.UNKNOWN


def test_strong_vignetting_is_flagged_and_the_nuclei_still_counted() -> None:
    scene = interphase()
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    shade = 1 - 0.7 * (x**2 + y**2) / 2
    verdict = judge((scene.image() * shade).astype(np.uint16))
    assert Flag.UNEVEN in verdict.flags
    assert verdict.count is not None and abs(verdict.count - scene.nuclei) <= 1


@pytest.mark.parametrize("ceiling", [4095, 1000, 65535])
def test_saturation_is_flagged_and_too_much_of_it_abstains(ceiling: int) -> None:
    scene = interphase()
    bright = ceiling / 500.0
    few = judge(np.minimum(scene.image(gain=bright * 0.83), ceiling))
    assert Flag.SATURATED in few.flags
    assert not few.abstained
    many = judge(np.minimum(scene.image(gain=bright * 1.7), ceiling))
    assert Flag.SATURATED in many.flags
    assert many.abstained
    assert "saturated" in many.why_abstained


def test_a_faint_field_is_flagged_dim() -> None:
    verdict = judge(interphase().image(gain=0.15, noise=45.0))
    assert verdict.count is not None and verdict.count > 0
    assert Flag.DIM in verdict.flags


def test_a_bubble_is_flagged() -> None:
    scene = Scene(size=512, seed=1)
    scene.grid()
    pixels = scene.image().astype(float)
    shade = np.hypot(scene.cols - 120, scene.rows - 120) < 50
    assert Flag.BUBBLE not in judge(pixels.astype(np.uint16)).flags
    assert Flag.BUBBLE in judge(np.where(shade, pixels * 0.6, pixels).astype(np.uint16)).flags


def test_debris_is_flagged_and_is_not_the_target() -> None:
    scene = interphase()
    scene.blob(*scene.at(1, 1), 2.0, 2.0, 16 * 500.0)
    verdict = judge(scene.image())
    assert Flag.DEBRIS in verdict.flags
    assert verdict.p_target is not None and verdict.p_target < 0.3


@pytest.mark.parametrize(
    ("pixels", "word"),
    [
        (np.full((64, 64), 117, np.uint8), "constant (every pixel 117)"),
        (np.zeros((64, 64), np.uint16), "constant (every pixel 0)"),
        (np.full((64, 64), 65535, np.uint16), "constant"),
        (np.zeros((1, 1), np.uint16), "1 x 1 pixels; at least 16 x 16"),
        (np.arange(15 * 64, dtype=np.uint16).reshape(15, 64), "64 x 15 pixels"),
        (np.zeros((0, 0), np.uint16), "0 x 0 pixels"),
        (np.arange(64 * 64 * 3, dtype=np.uint16).reshape(64, 64, 3), "3 dimensions"),
        (np.full((64, 64), np.nan), "float64"),
        (np.eye(64, dtype=bool), "bool"),
    ],
)
def test_pixels_that_show_nothing_are_not_judged(pixels: Any, word: str) -> None:
    verdict = judge(pixels)
    assert verdict.abstained
    assert word in verdict.why_abstained
    assert verdict.p_target is None
    assert verdict.focus.state is FocusState.UNKNOWN


@pytest.mark.parametrize("pixel_um", [0.0, -0.5, float("nan"), float("inf")])
def test_without_a_pixel_size_nothing_is_judged(pixel_um: float) -> None:
    verdict = judge(interphase().image(), pixel_um=pixel_um)
    assert verdict.abstained
    assert "pixel size is unknown" in verdict.why_abstained


def test_an_unknown_target_abstains_and_names_the_known_ones() -> None:
    verdict = judge(interphase().image(), target="apoptosis")
    assert verdict.abstained
    assert verdict.why_abstained == "target 'apoptosis' is unknown to this judge; known: mitosis"
    assert verdict.count == 15  # what it can see it still says
    assert verdict.focus.state is FocusState.IN


def visit(*channels: str) -> list[Frame]:
    scene = interphase()
    return [frame(scene.image(), channel=name, c=c, index=c) for c, name in enumerate(channels)]


def test_the_judged_channel_is_the_one_asked_for() -> None:
    flat = np.full((256, 256), 7, np.uint16)
    frames = [frame(flat, channel="FITC", c=1, index=0), *visit("DAPI")]
    assert ClassicalJudge("DAPI").judge(frames, target="mitosis").count == 15
    assert ClassicalJudge("FITC").judge(frames, target="mitosis").abstained
    assert ClassicalJudge().judge(frames, target="mitosis").count == 15  # the first channel


def test_a_missing_channel_abstains_and_says_what_there_is() -> None:
    verdict = ClassicalJudge("Cy5").judge(visit("DAPI", "FITC"), target="mitosis")
    assert verdict.abstained
    assert verdict.why_abstained == "no frame of channel Cy5 in this visit (it has DAPI, FITC)"


def test_of_a_z_stack_the_sharpest_slice_is_judged() -> None:
    scene = interphase()
    scene.metaphase(*scene.at(1, 1))
    frames = [
        frame(scene.image(blur_um=blur), z=z, index=z) for z, blur in enumerate((5.0, 0.6, 5.0))
    ]
    verdict = ClassicalJudge().judge(frames, target="mitosis")
    assert verdict.focus.state is FocusState.IN
    assert verdict.p_target is not None and verdict.p_target > 0.6


def test_a_verdict_belongs_to_its_visit_and_repeats_exactly() -> None:
    frames = visit("DAPI")
    pixels = frames[0].pixels.copy()
    first = ClassicalJudge().judge(frames, target="mitosis")
    assert (first.visit_id, first.fov, first.judge) == (7, "A1", "classical-1")
    assert first == ClassicalJudge().judge(frames, target="mitosis")
    assert np.array_equal(frames[0].pixels, pixels)
    assert Verdict.model_validate_json(first.model_dump_json()) == first


def test_no_frames_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no frames"):
        ClassicalJudge().judge([], target="mitosis")


def test_a_read_only_frame_is_judged() -> None:
    pixels = interphase().image()
    pixels.flags.writeable = False
    assert judge(pixels).count == 15


DATA = Path(skimage.data.__file__).parent  # only files that ship inside the package


def test_coins_are_counted_exactly() -> None:
    verdict = judge(imread(DATA / "coins.png"), pixel_um=0.4)
    assert verdict.count == 24
    assert verdict.focus.state is FocusState.IN


@pytest.mark.parametrize("name", ["camera", "moon", "brick", "grass", "gravel", "page", "text"])
def test_a_picture_of_something_else_gives_no_target(name: str) -> None:
    verdict = judge(imread(DATA / f"{name}.png"))
    assert verdict.p_target is None or verdict.p_target < 0.6


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.tuples(st.integers(1, 70), st.integers(1, 70)),
        elements=st.integers(0, 255),
        fill=st.integers(0, 255),
    ),
    st.sampled_from([0.1, 0.5, 1.0, 6.5]),
)
def test_no_pixels_break_the_judge(pixels: Any, pixel_um: float) -> None:
    verdict = judge(pixels, pixel_um=pixel_um)
    assert verdict.abstained == (verdict.p_target is None)
    assert verdict.count is None or verdict.count >= len(verdict.objects) >= 0
    assert verdict.abstained == bool(verdict.why_abstained)


def test_background_level_does_not_matter() -> None:
    scene = interphase()
    plain = scene.image()
    lifted = plain + np.uint16(BACKGROUND * 3)
    assert judge(lifted).count == judge(plain).count == scene.nuclei


def test_only_the_frames_named_fields_are_used() -> None:
    """The judge may know nothing of instrument or schedule: a bare record is enough."""
    real = frame(interphase().image())
    bare = SimpleNamespace(
        visit_id=real.visit_id, index=0, key=real.key, pixels=real.pixels, meta=real.meta
    )
    assert ClassicalJudge().judge([cast("Frame", bare)], target="mitosis").count == 15
