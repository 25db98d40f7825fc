"""Reading examples, matching questions, the memory and the mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from adapt_kit import square, squares, write_squares

from policies.mllm.adapt.examples import AdaptError, enough, read_folder
from policies.mllm.adapt.features import _marked, _turned
from policies.mllm.adapt.memory import memory_of, read_memory, write_memory
from policies.mllm.adapt.mix import Mix, fit
from policies.mllm.adapt.phrases import asks_for, phrasing
from policies.mllm.adapt.pilot import auroc
from policies.mllm.adapt.train import balanced_accuracy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("lines", [False, True])
def test_a_folder_of_labelled_images_is_read(tmp_path: Path, lines: bool) -> None:
    found = read_folder(write_squares(tmp_path / "a", 8, lines=lines))
    made = squares(8)
    assert [one.target for one in found] == [one.target for one in made]
    assert [one.boxes for one in found] == [one.boxes for one in made]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(found, made, strict=True))


def test_a_split_can_be_picked(tmp_path: Path) -> None:
    folder = write_squares(tmp_path / "a", 4)
    rows = ["image,target,split,pixel_um", "0.png,1,train,0.5", "1.png,0,test,"]
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    (only,) = read_folder(folder, "train")
    assert (only.name, only.target, only.pixel_um, only.boxes) == ("0.png", True, 0.5, ())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("0.png,perhaps,", "labels.csv:2: target 'perhaps' is no answer; write yes or no"),
        ("gone.png,yes,", "gone.png"),
        (",yes,", "name a file beside the table"),
        ("../0.png,yes,", "name a file beside the table"),
        ("0.png,yes,[[1]]", "boxes are not"),
        ('0.png,yes,"[[9,9,1,1]]"', "boxes are not"),
        ("flat.png,yes,", "flat.png is constant"),
    ],
)
def test_an_unfit_row_is_refused_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    from PIL import Image

    folder = write_squares(tmp_path / "a", 1)
    Image.new("L", (20, 20), 7).save(folder / "flat.png")
    (folder / "labels.csv").write_text(f"image,target,boxes\n{row}\n", encoding="utf-8")
    with pytest.raises(AdaptError) as told:
        read_folder(folder)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdaptError, match="write one with columns image, target"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([True] * 3 + [False] * 4, "7 examples, 8 to 200 are needed; label more"),
        ([True, False] * 101, "202 examples, 8 to 200 are needed; leave some out"),
        ([True] * 8, "no example says no"),
        ([False] * 8, "no example says yes"),
    ],
)
def test_too_few_too_many_or_one_sided_examples_are_refused(
    answers: list[bool], words: str
) -> None:
    one = {target: square(0, target=target) for target in (True, False)}
    with pytest.raises(AdaptError, match=words):
        enough([one[answer] for answer in answers], "here")


@pytest.mark.parametrize(
    ("question", "target", "asked"),
    [
        ("platelet", "platelet", True),
        ("Any platelets here?", "platelet", True),
        ("is there a PLATELET.", "platelets", True),
        ("platelet-rich plasma", "platelet", True),
        ("plateletology", "platelet", False),
        ("mitosis", "platelet", False),
        ("white blood cells", "white blood cell", True),
        ("blood cell", "white blood cell", False),
        ("a c++ spot (odd)", "c++ spot (odd)", True),
    ],
)
def test_a_question_is_the_adapters_when_it_has_its_words(
    question: str, target: str, asked: bool
) -> None:
    assert asks_for(question, target) is asked


def test_every_phrasing_in_training_asks_for_the_target() -> None:
    rng = np.random.default_rng(0)
    for target in ("platelet", "platelets", "blue spot"):
        assert all(asks_for(phrasing(target, rng), target) for _ in range(60))


def test_marks_follow_the_boxes_however_the_image_is_turned() -> None:
    example = square(3, target=True)
    marks = _marked(example)
    bright = example.image[..., 2] > 150
    assert bright[marks == 1].all()
    assert not bright[marks == 0].any()
    turned = {_turned(marks, turn).tobytes() for turn in range(8)}
    assert len(turned) == 8
    for turn in range(8):
        assert (_turned(bright, turn)[_turned(marks, turn) == 1]).all()


def test_marks_without_boxes_say_unknown_for_yes_and_nothing_for_no() -> None:
    assert (_marked(square(0, target=True, boxed=False)) == -1).all()
    assert (_marked(square(0, target=False)) == 0).all()


def test_memory_counts_the_labels_of_the_nearest_and_leaves_one_out(tmp_path: Path) -> None:
    features = np.array([[n, 0] for n in range(6)] + [[100 + n, 0] for n in range(6)], np.float32)
    targets = np.array([True] * 6 + [False] * 6)
    memory = memory_of(features, targets, tuple("abcdefghijkl"), (1.0, 1.0))
    near = memory.near(np.array([2, 0], np.float32))
    assert (near.count, near.yes, near.distance) == (5, 5, 0.0)
    assert near.logit > 1
    assert memory.near(features[0], 0).distance > 0
    assert memory.near(np.array([104, 0], np.float32)).logit < -1
    assert memory.near(np.array([50, 0], np.float32)).distance > memory.reach()
    write_memory(tmp_path, memory)
    back = read_memory(tmp_path)
    assert np.array_equal(back.features, features)
    assert back.names == memory.names


@pytest.mark.parametrize("sharp", [0.3, 1.0, 4.0])
def test_the_mix_makes_overconfident_evidence_calibrated(sharp: float) -> None:
    rng = np.random.default_rng(1)
    logit = rng.normal(0, 2, 4000)
    truth = rng.random(4000) < 1 / (1 + np.exp(-logit))
    mix = fit(list(logit * sharp + 1), [0.0] * 4000, list(truth), Mix(temperature=1.5))
    p = np.array([mix.probability(z * sharp + 1, 0.0) for z in logit])
    assert abs(p.mean() - truth.mean()) < 0.02
    assert mix.temperature == pytest.approx(sharp, rel=0.15)
    assert mix.memory == 0


def test_the_mix_listens_to_the_memory_as_far_as_it_helps() -> None:
    truth = [n % 2 == 0 for n in range(40)]
    right = [1.5 if one else -1.5 for one in truth]
    noise = list(np.random.default_rng(0).normal(0, 1, 40))
    prior = Mix(temperature=1.5, memory=0.3)
    assert fit(noise, right, truth, prior).memory > 1
    wrong = [-value for value in right]
    assert fit(right, wrong, truth, prior).memory < 0.1


def test_scores_of_a_pilot() -> None:
    truth = [True, True, False, False]
    assert auroc(truth, [0.9, 0.4, 0.4, 0.1]) == 0.875
    assert balanced_accuracy(truth, [0.9, 0.4, 0.4, 0.1]) == 0.75
