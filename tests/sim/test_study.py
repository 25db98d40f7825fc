"""Study pictures say the truth about themselves, and keep to the variety that was asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from sim.study import StudyPicture, study_pictures
from sim.variety import PIXEL_UM, Variety

LATE = {"metaphase", "anaphase", "telophase"}
CLEAR = Variety(
    objectives=(("20X", 1.0),),
    channels=(("DAPI", 1.0),),
    signal_e=(400.0, 900.0),
    vignetting=(0.0, 0.1),
    sharp=1.0,
    sharp_um=0.2,
    bubble=0.0,
)


@pytest.fixture(scope="module")
def usual() -> list[StudyPicture]:
    return list(study_pictures(1, 160))


def late(picture: StudyPicture) -> bool:
    return any(one.phase in LATE and one.label for one in picture.objects)


def same(one: StudyPicture, other: StudyPicture) -> bool:
    return (
        np.array_equal(one.pixels, other.pixels)
        and np.array_equal(one.labels, other.labels)
        and one.objects == other.objects
    )


def test_a_picture_depends_on_seed_and_number_only() -> None:
    long, short, other = study_pictures(7, 6), study_pictures(7, 3), study_pictures(8, 3)
    for first, second, third in zip(islice(long, 3), short, other, strict=True):
        assert same(first, second)
        assert not same(first, third)


def test_ids_have_no_gaps_and_each_has_one_object(usual: list[StudyPicture]) -> None:
    for picture in usual:
        there = np.unique(picture.labels[picture.labels > 0]).tolist()
        assert there == list(range(1, len(there) + 1))
        assert sorted(one.label for one in picture.objects if one.label) == there
        assert all(one.label == 0 for one in picture.objects if one.phase == "debris")


def test_each_labelled_object_lies_where_its_id_is(usual: list[StudyPicture]) -> None:
    for picture in usual:
        area = np.bincount(picture.labels.ravel()) * picture.pixel_um**2
        reach = round(5 / picture.pixel_um)  # um: a dead nucleus may be a ring of pieces
        for one in picture.objects:
            row, column = int(one.row), int(one.column)
            assert 0 <= row < picture.labels.shape[0]
            assert 0 <= column < picture.labels.shape[1]
            if one.label:
                assert one.area_um2 == pytest.approx(area[one.label])
                near = picture.labels[
                    max(row - reach, 0) : row + reach + 1,
                    max(column - reach, 0) : column + reach + 1,
                ]
                assert (near == one.label).any()


def test_chromatin_is_brighter_inside_its_outline_than_outside() -> None:
    for picture in study_pictures(3, 12, variety=CLEAR):
        inside = picture.labels > 0
        assert np.median(picture.pixels[inside]) > 5 * np.median(picture.pixels[~inside] - 100.0)
        for one in picture.objects:
            if one.label and one.phase == "interphase":
                assert one.area_um2 < 300


@pytest.mark.parametrize(("phase", "most_um2"), [("metaphase", 90), ("anaphase", 60)])
def test_condensed_chromatin_is_small_and_its_masses_are_apart(phase: str, most_um2: float) -> None:
    pictures = list(study_pictures(4, 60, variety=CLEAR))
    areas = [
        one.area_um2 for p in pictures for one in p.objects if one.phase == phase and one.label
    ]
    assert np.median(areas) < most_um2
    if phase == "anaphase":
        whole = [sum(one.phase == phase for one in p.objects) for p in pictures]
        assert sum(n >= 2 for n in whole) > 0.7 * sum(n >= 1 for n in whole) > 0


def test_about_every_other_picture_shows_a_late_division(usual: list[StudyPicture]) -> None:
    assert 0.45 < np.mean([late(picture) for picture in usual]) < 0.7
    shown = Counter(phase for p in usual for phase in {one.phase for one in p.objects} & LATE)
    assert max(shown.values()) < 1.8 * min(shown[phase] for phase in LATE)


def test_defocus_has_both_signs_and_is_true() -> None:
    far = replace(
        CLEAR, sharp=0.0, dividing=0.0, clumping=(0.0, 0.0), density_per_mm2=(500.0, 600.0)
    )
    blurred: dict[bool, list[float]] = {True: [], False: []}
    signs = set()
    for picture in study_pictures(5, 40, variety=far):
        signs.add(picture.defocus_um > 0)
        inside = picture.pixels[picture.labels > 0] - 100.0
        spread = float(np.mean(picture.pixels[picture.labels == 0] - 100.0) / np.mean(inside))
        assert abs(picture.defocus_um) <= far.far_um
        blurred[abs(picture.defocus_um) > 6].append(spread)
    assert signs == {True, False}
    assert np.median(blurred[True]) > np.median(blurred[False])


@pytest.mark.parametrize("objective", ["10X", "20X", "40X"])
@pytest.mark.parametrize("channel", ["DAPI", "FITC", "transmitted"])
def test_variety_is_kept_to(objective: str, channel: str) -> None:
    asked = replace(
        CLEAR,
        name="mine",
        height=96,
        width=128,
        objectives=((objective, 1.0),),
        channels=((channel, 1.0),),
        bubble=1.0,
    )
    for picture in study_pictures(6, 3, variety=asked):
        assert picture.pixels.shape == picture.labels.shape == (96, 128)
        assert picture.pixels.dtype == picture.labels.dtype == np.uint16
        assert (picture.objective, picture.channel) == (objective, channel)
        assert picture.pixel_um == PIXEL_UM[objective]
        assert abs(picture.defocus_um) <= 0.2 * 2.8
        assert picture.bubble
        assert picture.scenario == "mine"


def test_signal_follows_the_light_that_was_asked_for() -> None:
    dim, bright = (
        np.mean(
            [p.pixels.max() for p in study_pictures(9, 8, variety=replace(CLEAR, signal_e=span))]
        )
        for span in ((10.0, 12.0), (2000.0, 2400.0))
    )
    assert dim < 500
    assert bright > 5000


@pytest.mark.parametrize(
    ("change", "never"),
    [
        ({"dividing": 0.0}, LATE | {"prophase"}),
        ({"dead": (0.0, 0.0)}, {"dead"}),
        ({"debris_per_mm2": (0.0, 0.0)}, {"debris"}),
    ],
)
def test_what_is_not_asked_for_is_not_there(change: dict[str, object], never: set[str]) -> None:
    pictures = study_pictures(10, 20, variety=replace(CLEAR, **change))  # type: ignore[arg-type]
    assert not {one.phase for p in pictures for one in p.objects} & never


def test_an_empty_dish_has_no_labels() -> None:
    empty = replace(CLEAR, density_per_mm2=(0.0, 0.0))
    for picture in study_pictures(11, 5, variety=empty):
        assert not picture.labels.any()
        assert {one.phase for one in picture.objects} <= {"debris"}
