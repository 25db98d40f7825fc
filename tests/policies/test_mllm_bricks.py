"""Bricks: degraded with known truth, cut into samples that a seed repeats, asked about honestly."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from policies.mllm.bricks import degrade
from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.bricks.instructions import instructions, known_facts, present
from policies.mllm.bricks.mosaic import mosaics
from policies.mllm.bricks.novel import NOVEL
from policies.mllm.bricks.real import RealSet, read_set
from policies.mllm.bricks.sample import Recipe, Sample, draw, prepare
from policies.mllm.bricks.store import read, write
from policies.mllm.bricks.targets import centre_distance, rims, typical_radius
from policies.mllm.concepts import PixelClass
from policies.mllm.faults import BrickError

ALWAYS = Recipe(
    size=64, defocus=1, noise=1, uneven=1, bubble=1, debris=1, motion=1, saturate=1, invert=1
)


def brick(seed: int = 0, **changes: Any) -> Brick:
    """Two nuclei, one of them a metaphase."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((96, 80), np.uint16)
    labels[10:30, 10:30], labels[50:70, 40:64] = 1, 2
    classes = np.zeros(labels.shape, np.uint8)
    classes[labels == 1], classes[labels == 2] = PixelClass.CELL, PixelClass.METAPHASE
    image = rng.poisson(20 + 300 * (labels > 0)).astype(np.uint16)
    made = Brick(
        image=image,
        labels=labels,
        classes=classes,
        modality="fluorescence",
        pixel_um=0.5,
        radius_px=typical_radius(labels),
        relative_blur=0.0,
        phases_known=True,
        provenance=Provenance("set", f"{seed}.png", "train", "CC0-1.0", "here"),
    )
    return replace(made, **changes)


@pytest.mark.parametrize("shape", [(40, 40, 1), (33, 51, 3)])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda image, rng: degrade.defocus(image, 3.0, rng),
        lambda image, rng: degrade.defocus(image, 0.1, rng),
        lambda image, rng: degrade.motion(image, 9.0, rng),
        lambda image, rng: degrade.noise(image, 20.0, rng),
        lambda image, rng: degrade.saturate(image, 0.05, rng),
        lambda image, rng: degrade.uneven(image, 0.8, rng),
        degrade.empty,
        lambda image, rng: degrade.bubble(image, 15.0, rng)[0],
        lambda image, rng: degrade.debris(image, 3, 6.0, rng)[0],
        *NOVEL.values(),
    ],
)
def test_a_spoilt_image_keeps_its_shape_and_the_good_one_its_pixels(
    shape: tuple[int, ...], spoil: Any
) -> None:
    good = np.random.default_rng(0).random(shape).astype(np.float32) * 1000
    before = good.copy()
    spoilt = spoil(good, np.random.default_rng(1))
    assert spoilt.shape == shape
    assert spoilt.dtype == np.float32
    assert np.isfinite(spoilt).all()
    np.testing.assert_array_equal(good, before)
    np.testing.assert_array_equal(spoilt, spoil(good, np.random.default_rng(1)))


def test_masks_say_where_bubbles_and_debris_are() -> None:
    flat = np.full((64, 64, 1), 100, np.float32)
    flat[::7, ::5] = 900
    image, inside = degrade.bubble(flat, 20.0, np.random.default_rng(4))
    assert inside.shape == (64, 64)
    assert inside.any()
    rim = ndimage.binary_dilation(inside, iterations=8)
    np.testing.assert_allclose(image[~rim], flat[~rim], atol=1)
    image, specks = degrade.debris(flat, 2, 8.0, np.random.default_rng(4))
    assert specks.any()
    assert np.abs(image - flat)[..., 0][specks].min() > 0


def test_kernels_keep_the_light() -> None:
    for kernel in (degrade.disk(3.3), degrade.streak(7.0, 0.4), degrade.streak(7, 2, jump=True)):
        assert kernel.sum() == pytest.approx(1)
    image = np.random.default_rng(0).random((50, 50, 1)).astype(np.float32)
    blurred = degrade.defocus(image, 2.5, np.random.default_rng(0))
    assert blurred.mean() == pytest.approx(image.mean(), rel=0.05)


def test_distance_peaks_in_the_middle_and_rims_are_between_objects() -> None:
    labels = np.zeros((20, 30), np.uint16)
    labels[5:14, 3:12], labels[5:14, 12:21], labels[5:14, 26:30] = 1, 2, 3
    distance, rim = centre_distance(labels), rims(labels)
    assert distance[9, 7] == 255
    assert 0 < distance[5, 3] < 70
    assert not distance[labels == 0].any()
    assert rim[9, 11] == rim[9, 12] == 255
    assert not rim[:, 23:].any()
    assert typical_radius(labels * 0) is None


def test_a_seed_gives_the_same_sample_again() -> None:
    prepared = prepare(brick())
    for seed in range(4):
        first, second = (draw(prepared, np.random.default_rng(seed), ALWAYS) for _ in range(2))
        for field in fields(Sample):
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
        assert first.pixels.shape == (5, 64, 64)
        assert first.labels.shape == first.classes.shape == first.bubble.shape == (32, 32)
    assert not np.array_equal(
        draw(prepared, np.random.default_rng(0), ALWAYS).pixels,
        draw(prepared, np.random.default_rng(1), ALWAYS).pixels,
    )


@pytest.mark.parametrize("size", [(9, 9), (300, 40)])
@pytest.mark.parametrize("channels", [None, 3])
def test_any_picture_can_be_cut_into_samples(size: tuple[int, int], channels: int | None) -> None:
    shape = size if channels is None else (*size, channels)
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    nobody = np.full(size, PixelClass.UNKNOWN, np.uint8)
    plain = brick(image=image, labels=None, classes=nobody, radius_px=None, relative_blur=None)
    sample = draw(prepare(plain), np.random.default_rng(0), ALWAYS)
    assert np.isfinite(sample.pixels).all()
    assert not sample.outlined
    assert sample.focus == sample.blur == -1


def folder_of(place: Path, rows: list[dict[str, str]], side: tuple[int, int]) -> Path:
    (place / "images").mkdir(parents=True)
    (place / "labels").mkdir()
    names = list(rows[0])
    with (place / "meta.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(rows)
    y, x = np.mgrid[0 : side[0], 0 : side[1]]
    for n, row in enumerate(rows):
        spot = 200 * np.exp(-((y - side[0] / 2) ** 2 + (x % side[0] - side[0] / 2) ** 2) / 30)
        Image.fromarray((spot + n).astype(np.uint8)).save(place / row["image"])
        if row.get("label"):
            Image.fromarray((spot > 60).astype(np.uint8)).save(place / row["label"])
    return place


def test_single_cells_become_fields(tmp_path: Path) -> None:
    rows = [
        {"image": f"images/{n}.png", "split": split, "licence": "CC0-1.0", "phase": phase}
        for n, (phase, split) in enumerate(
            [("G1", "train"), ("metaphase", "train"), ("S", "test"), ("anaphase", "test")]
        )
    ]
    real = RealSet(folder_of(tmp_path / "crops", rows, (40, 120)), "crops")
    made = list(mosaics(real, ("train",), 3, np.random.default_rng(0)))
    again = list(mosaics(real, ("train",), 3, np.random.default_rng(0)))
    for first, second in zip(made, again, strict=True):
        np.testing.assert_array_equal(first.image, second.image)
        assert first.labels is not None
        assert first.labels.max() > 3
        assert set(np.unique(first.classes)) <= {0, PixelClass.CELL, PixelClass.METAPHASE}
        np.testing.assert_array_equal(first.classes > 0, first.labels > 0)


def test_bricks_come_back_from_disk_by_split(tmp_path: Path) -> None:
    other = brick(1, provenance=replace(brick().provenance, split="val"), bubble=None)
    rows = list(write(tmp_path / "bricks", [brick(0), other]))
    assert [row["file"] for row in rows] == ["000000.npz", "000001.npz"]
    (found,) = read(tmp_path / "bricks", ("val",))
    assert found.brick.provenance == other.provenance
    np.testing.assert_array_equal(found.brick.image, other.image)
    np.testing.assert_array_equal(found.distance, prepare(other).distance)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"image": "images/0.png", "split": "train"}, "no column 'licence'"),
        ({"image": "images/0.png", "licence": "MIT"}, "no column 'split'"),
    ],
)
def test_an_unfit_table_is_said_in_one_line(tmp_path: Path, row: dict[str, str], says: str) -> None:
    folder = folder_of(tmp_path / "set", [row], (16, 16))
    with pytest.raises(BrickError, match=says):
        list(read_set(RealSet(folder), ("train",)))
    with pytest.raises(BrickError, match="bricks build"):
        read(tmp_path)
    with pytest.raises(BrickError, match=r"meta\.csv"):
        list(read_set(RealSet(tmp_path), ("train",)))


UNSEEN = np.full((96, 80), PixelClass.UNKNOWN, np.uint8)
BLANK = np.zeros((96, 80), np.uint8)
LAYERED = np.where(np.arange(96)[:, None] < 48, PixelClass.LAYER, 0).astype(np.uint8)
LAYERED = np.broadcast_to(LAYERED, (96, 80))


@pytest.mark.parametrize(
    ("changes", "concept", "answer"),
    [
        ({}, "mitosis", 1),
        ({}, "metaphase", 1),
        ({}, "telophase", 0),
        ({}, "cell", 1),
        ({}, "debris", 0),
        ({}, "bubble", 0),
        ({"phases_known": False, "classes": np.where(BLANK == 0, 1, 0)}, "mitosis", -1),
        ({"phases_known": False}, "debris", -1),
        ({"labels": BLANK.astype(np.uint16), "classes": BLANK}, "cell", 0),
        ({"labels": BLANK.astype(np.uint16), "classes": BLANK}, "mitosis", 0),
        ({"labels": None, "classes": UNSEEN, "phases_known": False}, "cell", -1),
        ({"labels": None, "classes": UNSEEN, "phases_known": False}, "mitosis", -1),
        ({"labels": None, "classes": LAYERED, "phases_known": False}, "cell layer", 1),
        ({"labels": None, "classes": LAYERED, "phases_known": False}, "mitosis", -1),
        ({"bubble": np.ones((96, 80), bool)}, "bubble", 1),
    ],
)
def test_what_is_present_is_known_or_unknown(
    changes: dict[str, Any], concept: str, answer: int
) -> None:
    assert present(brick(**changes), concept) == answer


def test_facts_are_those_of_the_truth() -> None:
    facts = {item.kind: item.value for item in known_facts(brick(caption="Two nuclei."))}
    assert facts == {
        "text": "Two nuclei.",
        "modality": "fluorescence",
        "count": 2,
        "focus": "in",
    }
    layer = brick(labels=None, classes=LAYERED, relative_blur=None, modality="")
    assert {item.kind: item.value for item in known_facts(layer)} == {"share": 0.5}


def test_questions_repeat_with_the_seed_and_ask_for_nothing_twice() -> None:
    first, second = (list(instructions(brick(), 8, np.random.default_rng(3))) for _ in range(2))
    assert first == second
    asked = [item.concept for item in first if item.kind == "yes_no"]
    assert len(asked) == len(set(asked))
    assert list(instructions(brick(), 0, np.random.default_rng(3))) == []
