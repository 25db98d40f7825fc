"""An adapter from examples to answers: taught, written, loaded, routed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from adapt_kit import QUICK, square, squares, write_squares
from mllm_tiny import tiny_weights

from policies.judge import JudgeUnavailable
from policies.mllm.adapt.build import Request, build
from policies.mllm.adapt.card import read_card
from policies.mllm.adapt.examples import AdaptError
from policies.mllm.adapt.features import View, views_of
from policies.mllm.adapt.pilot import pilot
from policies.mllm.adapt.point import fit_query
from policies.mllm.adapt.router import RoutedAsker, routed
from policies.mllm.asker import PlainAsker, make_asker
from policies.mllm.weights import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {"adapter.json", "adapter_config.json", "adapter_model.safetensors", "memory.npz"}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("base") / "weights")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Path:
    """Two adapters in one folder: of blue squares by training, of red ones by memory alone."""
    folder = tmp_path_factory.mktemp("adapters")
    build(squares(16), Request("blue square", folder / "blue", 3, schedule=QUICK), weights)
    memory = Request("red square", folder / "red", retrieval_only=True, notes="MIT")
    build(squares(8), memory, weights)
    return folder


def test_a_folder_says_what_it_is_and_holds_no_path(taught: Path, weights: Path) -> None:
    assert {path.name for path in (taught / "blue").iterdir()} == FILES
    card = read_card(taught / "blue")
    assert (card.target, card.kind, card.seed) == ("blue square", "lora", 3)
    assert (card.examples, card.positives) == (16, 8)
    assert card.held_out_accuracy is not None
    assert str(weights) not in (taught / "blue" / "adapter_config.json").read_text()
    other = read_card(taught / "red")
    assert (other.kind, other.notes, other.held_out_accuracy) == ("retrieval", "MIT", None)


def test_the_same_seed_gives_the_same_adapter(tmp_path: Path, weights: Path) -> None:
    for name in ("a", "b"):
        build(squares(8), Request("blue square", tmp_path / name, 5, schedule=QUICK), weights)
    for name in FILES - {"adapter.json"}:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    cards = [read_card(tmp_path / name).model_dump(exclude={"created"}) for name in ("a", "b")]
    assert cards[0] == cards[1]


def test_nothing_is_overwritten_or_left_behind(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(AdaptError, match="exists already"):
        build(squares(8), Request("blue square", tmp_path / "a"), weights)
    with pytest.raises(AdaptError, match="7 examples"):
        build(squares(7), Request("blue square", tmp_path / "b"), weights)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("boxed", [True, False])
def test_the_query_learns_where_the_target_is(weights: Path, boxed: bool) -> None:
    loaded = load(weights)
    views = [view for one in squares(12, boxed=boxed) for view in views_of(loaded.model, one)]
    embed = loaded.model.pixels.dense.embed.requires_grad_(False)
    query = fit_query(embed, views, 80, np.random.default_rng(0))

    def hottest(view: View) -> float:
        heat = query[:-1] @ embed(view.maps[0].float())[0].flatten(1) + query[-1]
        return float(heat.topk(8).values.mean())

    fresh = [views_of(loaded.model, square(50 + n, target=n % 2 == 0))[0] for n in range(8)]
    yes = [hottest(view) for view in fresh if view.target]
    no = [hottest(view) for view in fresh if not view.target]
    assert min(yes) > max(no)


def test_an_adapter_answers_for_its_own_target_only(taught: Path, weights: Path) -> None:
    asker = make_asker(weights, taught)
    plain = PlainAsker(load(weights))
    image = square(70, target=True).image
    table = [("any blue squares?", "blue"), ("red square", "red"), ("any mitosis?", "")]
    for question, adapter in table:
        reply = asker.ask(image, question, None)
        usual = plain.ask(image, question, None)
        assert reply.adapter == adapter
        assert 0 <= reply.p_target <= 1
        assert reply.taught
        for field in usual.answer.fields:
            if field != "target" or not adapter:
                assert np.array_equal(reply.answer.fields[field], usual.answer.fields[field])
        heat, before = reply.answer.seen.heat, usual.answer.seen.heat
        assert np.array_equal(heat[:-1], before[:-1])
        assert np.array_equal(heat[-1], before[-1]) is (adapter != "blue")


def test_an_image_unlike_all_examples_is_left_to_the_model(taught: Path, weights: Path) -> None:
    asker = make_asker(weights, taught)
    odd = np.zeros((96, 96), np.uint16)
    odd[::2] = 60000
    odd[5:40, 7:60] = 30000
    assert asker.ask(odd, "blue square", None).adapter == ""


def test_of_two_adapters_for_one_target_the_nearer_answers(
    tmp_path: Path, taught: Path, weights: Path
) -> None:
    dark = [square(n, target=n % 2 == 0) for n in range(8)]
    striped = []
    for one in dark:
        image = one.image.copy()
        image[::3] = 200
        striped.append(type(one)(image, one.target, one.boxes, None, one.name))
    for name, examples in (("dark", dark), ("striped", striped)):
        build(examples, Request("blue square", tmp_path / name, retrieval_only=True), weights)
    asker = make_asker(weights, tmp_path)
    assert asker.ask(square(90, target=True).image, "blue square", None).adapter == "dark"
    image = square(91, target=True).image.copy()
    image[::3] = 200
    assert asker.ask(image, "blue square", None).adapter == "striped"


def test_tiles_of_a_large_image_are_put_together(taught: Path, weights: Path) -> None:
    asker = make_asker(weights, taught / "blue")
    assert isinstance(asker, RoutedAsker)
    image = square(7, target=True, side=128).image
    whole = asker.reader.ask(image, "x", None, 64).seen.heat
    adapter = asker.adapters[0]
    wide = type(adapter)(
        adapter.name, "blue", adapter.card.model_copy(update={"reach": 1e9}), adapter.memory
    )
    asker.adapters = (wide,)
    reply = asker.ask(image, "blue square", None, 64)
    assert reply.adapter == "blue"
    assert reply.answer.seen.heat.shape == whole.shape
    assert len(reply.answer.seen.sights) > 1


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _with(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: folder.joinpath(name).write_text(text, encoding="utf-8") and None


def _card(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        card = json.loads((folder / "adapter.json").read_text())
        (folder / "adapter.json").write_text(json.dumps({**card, **changes}))

    return change


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_without("adapter.json"), "no adapter.json"),
        (_without("adapter_model.safetensors"), "copy the adapter again"),
        (_without("adapter_config.json"), "copy it again"),
        (_without("memory.npz"), "copy the adapter again"),
        (_with("adapter.json", "{"), "copy the adapter again"),
        (_with("memory.npz", "no zip"), "copy the adapter again"),
        (_with("adapter_model.safetensors", "nothing"), "copy it again"),
        (_card(format=2), "copy the adapter again"),
        (_card(query=[0.0]), "does not fit this model"),
        (_card(base="0" * 64), "was taught on the model 000000000000, this one is"),
    ],
)
def test_a_harmed_adapter_is_refused_in_one_line(
    tmp_path: Path, taught: Path, weights: Path, harm: Callable[[Path], None], words: str
) -> None:
    folder = tmp_path / "blue"
    shutil.copytree(taught / "blue", folder)
    harm(folder)
    with pytest.raises(JudgeUnavailable) as told:
        routed(load(weights), folder)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_pilot_has_a_row_for_every_way_and_size(tmp_path: Path, weights: Path) -> None:
    folder = write_squares(tmp_path / "set", 20)
    meta, boxes = ["image,split,licence,n_platelets"], ["image,cls,xmin,ymin,xmax,ymax"]
    for n, one in enumerate(squares(20)):
        meta.append(f"{one.name},{'train' if n < 14 else 'test'},MIT,{int(one.target)}")
        boxes += [f"{one.name},Platelets,{','.join(map(str, box))}" for box in one.boxes]
    (folder / "meta.csv").write_text("\n".join(meta), encoding="utf-8")
    (folder / "boxes.csv").write_text("\n".join(boxes), encoding="utf-8")
    found = pilot(folder, weights, sizes=(8,), seeds=(0,), schedule=QUICK)
    ways = [(row["way"], row["examples"]) for row in found["rows"]]
    assert ways == [("zero-shot", 0), ("retrieval", 8), ("LoRA", 8), ("both", 8)]
    assert all(0 <= row["auroc"]["lowest"] <= row["auroc"]["highest"] <= 1 for row in found["rows"])
    json.dumps(found)
