"""Adapters on top of the model, and who of them answers: the one whose examples look most alike."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from policies.judge import JudgeUnavailable
from policies.mllm.adapt import lora
from policies.mllm.adapt.card import FILE, Card, fingerprint, read_card
from policies.mllm.adapt.features import asked_map, captured, scaled
from policies.mllm.adapt.memory import Memory, read_memory
from policies.mllm.adapt.phrases import asks_for, with_neighbours
from policies.mllm.adapt.slots import Slots
from policies.mllm.adapt.train import combined
from policies.mllm.asker import Asker, Reply, plain_reply
from policies.mllm.look import TILE_PX, half, tiles
from policies.mllm.objects import rescored
from policies.mllm.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from policies.mllm.adapt.memory import Near
    from policies.mllm.calibration import Calibration
    from policies.mllm.reader import Answer
    from policies.mllm.sayings import Facts
    from policies.mllm.weights import Loaded

MOST_CACHES = 64


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter folder, by the name that peft knows it by."""

    name: str
    title: str
    card: Card
    memory: Memory


class RoutedAsker:
    """The model, with adapters that answer for their own targets only.

    Everything but the target is answered by the model as shipped, in the same pass as always; an
    adapter adds one pass of the decoder.
    """

    def __init__(self, loaded: Loaded, adapters: Sequence[Adapter], peft: Any) -> None:
        self.reader = Reader(loaded)
        self.adapters = tuple(adapters)
        self._peft = peft
        self._slots = Slots(loaded)
        self._caches: dict[tuple[str, str], Any] = {}

    @property
    def calibration(self) -> Calibration:
        """Of the model."""
        return self.reader.loaded.calibration

    def ask(
        self, image: NDArray[Any], text: str, pixel_um: float | None, tile_px: int = TILE_PX
    ) -> Reply:
        """One image, one question."""
        fit = [one for one in self.adapters if asks_for(text, one.card.target)]
        with self._base():
            if not fit:
                answer = self.reader.ask(image, text, pixel_um, tile_px)
                return plain_reply(answer, self.calibration)
            with captured(self.reader.loaded.model) as maps:
                answer = self.reader.ask(image, text, pixel_um, tile_px)
        picked = nearest(fit, answer.features)
        if picked is None:
            return plain_reply(answer, self.calibration)
        adapter, near = picked
        if adapter.card.kind == "retrieval":
            no, yes = answer.logits["target"]
            p = adapter.card.together.probability(float(yes - no), near.logit)
            return _replied(answer, adapter, p, None)
        return self._adapted(answer, adapter, near, maps, image.shape, text, tile_px)

    def say(self, facts: Facts) -> str:
        """A sentence from facts, as shipped."""
        with self._base():
            return self.reader.say(facts)

    def _base(self) -> AbstractContextManager[Any]:
        from contextlib import nullcontext

        if self._peft is None:
            return nullcontext()
        off: AbstractContextManager[Any] = self._peft.disable_adapter()
        return off

    @torch.inference_mode()
    def _adapted(
        self,
        answer: Answer,
        adapter: Adapter,
        near: Near,
        maps: Sequence[Tensor],
        shape: tuple[int, ...],
        text: str,
        tile_px: int,
    ) -> Reply:
        self._peft.set_adapter(adapter.name)
        model, seen = self.reader.loaded.model, answer.seen
        query = torch.tensor(adapter.card.query)[None, None]
        asked = [asked_map(model.pixels.dense.embed, part, query) for part in maps]
        cache = self._cache(adapter, with_neighbours(text, near.yes, near.count))
        evidence = combined(self._slots, cache, seen.sights, asked)
        p = adapter.card.together.probability(evidence, near.logit)
        heat = seen.heat.copy()
        h, w = scaled(shape[:2], seen.scale)
        for tile, one in zip(tiles(h, w, tile_px), asked, strict=True):
            heat[-1, half(tile.own_rows), half(tile.own_columns)] = one[
                0, half(tile.kept_rows), half(tile.kept_columns)
            ].numpy()
        return _replied(answer, adapter, p, heat)

    def _cache(self, adapter: Adapter, text: str) -> Any:
        key = (adapter.name, text)
        if key not in self._caches:
            if len(self._caches) >= MOST_CACHES:
                self._caches.clear()
            self._caches[key] = self._slots.read(text)[1]
        return self._caches[key]


def nearest(
    adapters: Sequence[Adapter], features: NDArray[np.float32]
) -> tuple[Adapter, Near] | None:
    """The adapter whose examples are nearest for its own reach, and they; None beyond all reach."""
    near = [(one, one.memory.near(features)) for one in adapters]
    within = [pair for pair in near if pair[1].distance <= pair[0].card.reach]
    return min(within, key=lambda pair: pair[1].distance / pair[0].card.reach, default=None)


def _replied(answer: Answer, adapter: Adapter, p: float, heat: NDArray[np.float32] | None) -> Reply:
    seen = answer.seen if heat is None else dataclasses.replace(answer.seen, heat=heat)
    fields = {**answer.fields, "target": np.array([1 - p, p])}
    question = dataclasses.replace(answer.question, familiar=True)
    found = rescored(answer.found, seen)
    told = dataclasses.replace(answer, seen=seen, fields=fields, question=question, found=found)
    return Reply(told, adapter.title, p, True)


def routed(loaded: Loaded, path: Path) -> Asker:
    """Put the adapter in `path`, or every adapter in the folders below it, on the model.

    Raises JudgeUnavailable where there is none, or one cannot be loaded or has another base.
    """
    folders = list(_folders(path))
    base = fingerprint(loaded)
    adapters, peft = [], None
    for n, folder in enumerate(folders):
        card = read_card(folder)
        if card.base != base:
            raise JudgeUnavailable(
                f"{folder}: was taught on the model {card.base[:12]}, this one is {base[:12]}; "
                "give that model's weights, or teach it again"
            )
        memory = read_memory(folder)
        _fits(folder, card, memory, loaded)
        name = f"adapter{n}"
        if card.kind == "lora":
            peft = lora.loaded(loaded.model, folder, name, peft)
        adapters.append(Adapter(name, folder.name, card, memory))
    if peft is not None:
        peft.eval()
    return RoutedAsker(loaded, adapters, peft)


def _folders(path: Path) -> Iterator[Path]:
    if (path / FILE).is_file():
        yield path
        return
    found = sorted(one.parent for one in path.glob(f"*/{FILE}")) if path.is_dir() else []
    found = [one for one in found if not one.name.startswith(".")]
    if not found:
        raise JudgeUnavailable(
            f"{path}: no {FILE} in it or in the folders in it; give a folder that "
            "`microscout adapt` wrote"
        )
    yield from found


def _fits(folder: Path, card: Card, memory: Memory, loaded: Loaded) -> None:
    config = loaded.model.config
    wide = 2 * sum(config.tower_widths)
    queries = 0 if card.kind == "retrieval" else config.query_width + 1
    if memory.features.shape[1] != wide or len(card.query) != queries:
        raise JudgeUnavailable(f"{folder}: does not fit this model; copy the adapter again")
