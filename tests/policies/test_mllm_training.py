"""Training: what is unknown costs nothing, and a training that was interrupted goes on exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mllm_tiny import WIDTHS, tiny_weights
from test_mllm_bricks import brick

from policies.mllm.bricks.sample import Recipe, draw, prepare
from policies.mllm.faults import BrickError
from policies.mllm.model.config import ScoutConfig
from policies.mllm.train.language import LanguageTraining, ask, train_language
from policies.mllm.train.losses import losses
from policies.mllm.train.pixels import PixelTraining, Trainee, train_pixels
from policies.mllm.train.recipe import TrainingConfig
from policies.mllm.train.stages import sources_of
from policies.mllm.train.stream import Samples, Source, collate
from policies.mllm.weights import load

SOURCES = [Source("set", [prepare(brick(seed)) for seed in range(2)], 1.0)]
RECIPE = Recipe(size=64)


def config() -> ScoutConfig:
    return ScoutConfig(
        tower_widths=WIDTHS, tower_blocks=(1, 1, 1, 1), neck_width=8, head_width=8, query_width=8
    )


def batch() -> dict[str, torch.Tensor]:
    prepared = prepare(brick())
    return collate([draw(prepared, np.random.default_rng(n), RECIPE) for n in range(3)])


def test_what_nobody_knows_costs_nothing() -> None:
    torch.manual_seed(0)
    trainee = Trainee(config()).eval()
    nobody = batch()
    nobody["outlined"][:] = False
    nobody["phases_known"][:] = False
    nobody["classes"][:] = 255
    nobody["blur"][:] = -1
    nobody["focus"][:] = -1
    nobody["flags"][:] = -1
    nobody["modality"][:] = -1
    with torch.no_grad():
        terms = trainee(nobody)
        other = trainee({**nobody, "labels": nobody["labels"] * 0 + 1})
    for name in ("foreground", "dice", "offset", "blur", "focus", "flags", "modality"):
        assert float(terms[name]) == 0, name
    for name, term in terms.items():
        assert torch.isfinite(term), name
        assert float(term) == float(other[name]), name


def test_what_is_known_costs_something() -> None:
    torch.manual_seed(0)
    trainee = Trainee(config()).eval()
    one = batch()
    with torch.no_grad():
        _, dense, readings = trainee.pixels(one["pixels"], one["numbers"])
        terms = losses(dense, readings, trainee.queries, one)
    assert all(float(terms[name]) > 0 for name in ("foreground", "offset", "heat", "modality"))


def test_a_batch_depends_on_seed_and_number_alone() -> None:
    whole = Samples(SOURCES, RECIPE, 5, 2, 0, 4)
    rest = Samples(SOURCES, RECIPE, 5, 2, 2, 4)
    assert (len(whole), len(rest)) == (4, 2)
    for name, value in whole[3].items():
        np.testing.assert_array_equal(value, rest[1][name])


def state(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / name, weights_only=True)
    return found


class Enough(Exception):
    """The power went."""


def stop_after(most: int) -> Any:
    def tell(step: int) -> None:
        if step > most:
            raise Enough

    return tell


def test_pixels_interrupted_and_resumed_end_alike(tmp_path: Path) -> None:
    training = PixelTraining(steps=4, batch=2, workers=0, save_every=2, warm_up=1)
    train_pixels(tmp_path / "one", config(), SOURCES, RECIPE, training)
    with pytest.raises(Enough):
        train_pixels(tmp_path / "two", config(), SOURCES, RECIPE, training, tell=stop_after(2))
    assert state(tmp_path / "two", "pixels.pt")["step"] == 2
    train_pixels(tmp_path / "two", config(), SOURCES, RECIPE, training)
    one, two = state(tmp_path / "one", "pixels.pt"), state(tmp_path / "two", "pixels.pt")
    assert one["step"] == two["step"] == 4
    for part in ("model", "mean"):
        for name, value in one[part].items():
            torch.testing.assert_close(value, two[part][name], rtol=0, atol=0)


def test_language_interrupted_and_resumed_ends_alike(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "weights")
    training = LanguageTraining(steps=4, batch=2, workers=0, save_every=2, warm_up=1)

    def run(name: str, most: int | None) -> None:
        loaded = load(weights, fused=False)
        tell = None if most is None else stop_after(most)
        train_language(
            tmp_path / name, loaded.model, loaded.tokenizer, SOURCES, RECIPE, training, tell=tell
        )

    run("one", None)
    with pytest.raises(Enough):
        run("two", 2)
    run("two", None)
    one, two = state(tmp_path / "one", "language.pt"), state(tmp_path / "two", "language.pt")
    for name, value in one["model"].items():
        torch.testing.assert_close(value, two["model"][name], rtol=0, atol=0)


def test_questions_are_about_what_is_known_or_strange() -> None:
    asked = ask(batch(), ["mitosis", "metaphase"], np.random.default_rng(0), 0.5)
    assert len(asked.texts) == len(asked.answers) == 3
    assert all(
        answer == 0
        for concept, answer in zip(asked.concepts, asked.answers, strict=True)
        if not concept
    )


STAGE = {"steps": 2, "batch": 2, "size": 64, "rate": 1e-3, "seed": 1, "workers": 0}


def recipe(**changes: Any) -> TrainingConfig:
    whole = {
        "bricks": "b",
        "out": "o",
        "sources": [{"source": "set", "pixels": 1, "language": 1}],
        "pixels": STAGE,
        "language": STAGE,
    }
    return TrainingConfig.model_validate(whole | changes)


def test_a_source_without_pictures_is_said(tmp_path: Path) -> None:
    pictures = SOURCES[0].pictures
    (found,) = sources_of(recipe(), pictures, "pixels", tmp_path)
    assert len(found.pictures) == 2
    only = [{"source": "set", "modality": ["histology"], "pixels": 1, "language": 0.5}]
    with pytest.raises(BrickError, match=r"no training pictures of set \(histology\)"):
        sources_of(recipe(sources=only), pictures, "language", tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": []},
        {"sources": [{"source": "set", "pixels": 1, "language": 0}]},
        {"pixels": STAGE | {"steps": 0}},
        {"pixels": STAGE | {"size": 65}},
        {"model": {"hidden_size": 100, "heads": 8}},
        {"unknown": 1},
    ],
)
def test_an_unfit_recipe_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        recipe(**changes)
