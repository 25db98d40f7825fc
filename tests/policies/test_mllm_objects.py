"""What each instance is, and how that and the slot become the probability of the target."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from mllm_tiny import tiny_weights

from policies.mllm.asker import UNTAUGHT_P, plain_reply
from policies.mllm.look import look
from policies.mllm.object_features import object_features
from policies.mllm.objects import is_of_objects
from policies.mllm.reader import Reader
from policies.mllm.train.calibrate import fit_mix
from policies.mllm.train.objects import majority
from policies.mllm.weights import Loaded, load


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tiny_weights(tmp_path_factory.mktemp("objects")))


@pytest.mark.parametrize(
    ("concept", "known"),
    [
        ("mitosis", True),
        ("metaphase", True),
        ("dead cell", True),
        ("debris", True),
        ("bubble", False),
        ("cell layer", False),
        ("", False),
        ("giraffe", False),
    ],
)
def test_the_object_head_knows_nuclei_and_nothing_else(concept: str, known: bool) -> None:
    assert is_of_objects(concept) is known


def test_features_of_objects_are_of_the_heads_size_and_the_same_again(loaded: Loaded) -> None:
    image = np.random.default_rng(0).integers(0, 900, (96, 128)).astype(np.uint16)
    labels = np.zeros((96, 128), np.int32)
    labels[8:24, 8:24], labels[40:70, 60:90] = 1, 2
    seen = look(loaded.model.pixels, image, loaded.model.queries[:, :1], 0.5)
    found = object_features(seen, labels)
    assert found.shape == (2, len(loaded.model.objects.mean))
    assert torch.isfinite(found).all()
    assert torch.equal(found, object_features(seen, labels))
    assert len(object_features(seen, np.zeros_like(labels))) == 0


def test_an_object_cut_by_tiles_is_counted_whole(loaded: Loaded) -> None:
    image = np.random.default_rng(0).integers(0, 900, (64, 512)).astype(np.uint16)
    labels = np.zeros((64, 512), np.int32)
    labels[10:40, 200:330], labels[10:26, 10:26] = 1, 2
    queries = loaded.model.queries[:, :1]
    whole = look(loaded.model.pixels, image, queries, 0.5)
    tiled = look(loaded.model.pixels, image, queries, 0.5, tile_px=256)
    assert len(tiled.tiles) > 1
    areas = [object_features(seen, labels)[:, -1] for seen in (whole, tiled)]
    assert torch.allclose(areas[0], areas[1])


def test_more_evidence_never_lowers_the_probability() -> None:
    rng = np.random.default_rng(1)
    evidence = rng.normal(size=(60, 2))
    out = rng.uniform(size=60)
    truth = (evidence[:, 1] > 0).astype(np.int64)
    for sign in (1, -1):
        found = fit_mix(sign * evidence, out, truth)
        assert found is not None
        assert min(*found[0][:2], *found[1][:2]) >= 0
    inside, _ = fit_mix(evidence, out, truth) or ((0.0,) * 3, (0.0,) * 3)
    assert inside[1] > 0


def test_frames_out_of_focus_are_weighed_apart() -> None:
    """Out of focus no object is ever seen, and half the frames have one: as one they mislead."""
    rng = np.random.default_rng(2)
    out = (np.arange(400) % 2).astype(np.float64)
    truth = rng.integers(0, 2, 400)
    likeliest = np.where(out > 0, -3.9, np.where(truth > 0, 3.0, -3.0))
    evidence = np.stack([np.zeros(400), likeliest], 1)
    inside, outside = fit_mix(evidence, out, truth) or ((0.0,) * 3, (0.0,) * 3)
    assert np.dot(inside, (0, 3.0, 1)) > 3
    assert np.dot(inside, (0, -3.0, 1)) < -3
    assert abs(np.dot(outside, (0, -3.9, 1))) < 0.4


@pytest.mark.parametrize("truth", [np.zeros(40, np.int64), np.array([0, 1] * 5)])
def test_no_mix_from_one_answer_or_few_pictures(truth: np.ndarray) -> None:
    assert fit_mix(np.ones((len(truth), 2)), np.zeros(len(truth)), truth) is None


@pytest.mark.parametrize("known", [True, False], ids=["with a mix of its own", "without"])
def test_out_of_focus_the_mix_of_such_frames_counts(loaded: Loaded, known: bool) -> None:
    image = np.random.default_rng(0).integers(0, 900, (64, 64)).astype(np.uint16)
    calibration = loaded.calibration.model_copy(
        update={"mix": (0.0, 0.0, 2.0), "mix_out": (0.0, 0.0, -2.0) if known else None}
    )
    answer = Reader(loaded).ask(image, "mitosis", 0.5)
    for out, logit in ((0.0, 2.0), (1.0, -2.0), (0.5, 0.0)):
        fields = answer.fields | {"focus": np.array([1 - out, 0.0, out, 0.0])}
        reply = plain_reply(dataclasses.replace(answer, fields=fields), calibration)
        expected = logit if known else 2.0
        assert reply.p_target == pytest.approx(1 / (1 + np.exp(-expected)))


def test_a_word_nobody_taught_is_improbable_whatever_the_mix(loaded: Loaded) -> None:
    image = np.random.default_rng(0).integers(0, 900, (64, 64)).astype(np.uint16)
    sure = loaded.calibration.model_copy(update={"mix": (0.0, 0.0, 9.0), "familiar_within": 1e-9})
    strict = Loaded(loaded.model, loaded.tokenizer, sure, loaded.name)
    reply = plain_reply(Reader(strict).ask(image, "giraffe", 0.5), sure)
    assert not reply.taught
    assert reply.p_target <= UNTAUGHT_P


@pytest.mark.parametrize(
    ("classes", "expected"),
    [([3, 3, 3, 0], 3), ([0, 0, 0, 0, 0, 0, 0, 1], 0), ([255, 255], 0), ([1, 1, 5, 5, 5], 5)],
)
def test_an_instance_is_what_most_of_its_pixels_are(classes: list[int], expected: int) -> None:
    assert majority(np.array(classes, np.uint8)) == expected


def test_shipped_weights_have_an_object_head_that_was_trained() -> None:
    spread = load(Path(__file__).parents[2] / "policies/mllm/weights").model.objects.spread
    assert float(spread.std()) > 0
