"""Asks the model about one image: every enumerated field in one pass, and the maps."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import log_softmax

from policies.mllm.bricks.questions import plain_words
from policies.mllm.concepts import FLAGS
from policies.mllm.look import TILE_PX, Seen, look
from policies.mllm.measures import measure, seams
from policies.mllm.model.focus_gauge import with_gauges
from policies.mllm.model.gauges import BLUR_FLOOR
from policies.mllm.model.measured import joined
from policies.mllm.model.text import facts_text, question_text, slots_text
from policies.mllm.model.words import END, FIELDS
from policies.mllm.objects import find

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from policies.mllm.model.scout import ScoutForConditionalGeneration
    from policies.mllm.model.sight import Sight
    from policies.mllm.objects import Found
    from policies.mllm.sayings import Facts
    from policies.mllm.weights import Loaded

MOST_QUESTIONS = 32  # kept as prefixes
MOST_WORDS = 60  # tokens of a sentence


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read once: its query (1, 1, q + 1), the cache of its tokens, and what it means.

    `concept` is the nearest concept the model was taught, `familiar` whether it is near enough.
    """

    text: str
    query: Tensor
    cache: Any
    concept: str
    familiar: bool

    @property
    def known(self) -> str:
        """The concept, "" for a word that the model was never taught."""
        return self.concept if self.familiar else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of one image.

    Attributes
    ----------
    seen : the maps; heat has the last concept (the cell layer), then the question.
    fields : field -> probability of each label, in the order of `FIELDS`, calibrated.
    relative_blur : see `policies.mllm.concepts`.
    logits : field -> logits of its slot. gauged : the same of the measured gauges, where they are.
    features : (n,) float32 pooled features of the image, for nearness.
    seams : see `policies.mllm.measures.seams`.
    question : what was asked.
    found : instances, and what each is.
    """

    seen: Seen
    fields: dict[str, NDArray[np.float64]]
    logits: dict[str, NDArray[np.float64]]
    gauged: dict[str, NDArray[np.float64]]
    relative_blur: float
    features: NDArray[np.float32]
    seams: NDArray[np.float32]
    question: Question
    found: Found


class Reader:
    """One model, one image at a time."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._questions: dict[str, Question] = {}
        tokenizer = loaded.tokenizer
        self._slots = tokenizer(slots_text(), return_tensors="pt", add_special_tokens=False)[
            "input_ids"
        ]
        self._labels = {
            field: tokenizer.convert_tokens_to_ids(list(labels)) for field, labels in FIELDS.items()
        }

    @torch.inference_mode()
    def question(self, text: str) -> Question:
        """Read a question, or remember it."""
        known = self._questions.get(text)
        if known is not None:
            return known
        query, cache = self._read(plain_words(text))
        concept, distance = self._nearest(query)
        if len(self._questions) >= MOST_QUESTIONS:
            self._questions.clear()
        familiar = distance < self.loaded.calibration.familiar_within
        read = Question(text, query.clone(), cache, concept, familiar)
        self._questions[text] = read
        return read

    @torch.inference_mode()
    def distance(self, text: str) -> float:
        """How far a question's query is from the nearest concept that the model was taught."""
        return self._nearest(self._read(text)[0])[1]

    def _read(self, text: str) -> tuple[Tensor, Any]:
        tokens = self.loaded.tokenizer(
            question_text(text), return_tensors="pt", add_special_tokens=False
        )
        return self.loaded.model.read_question(tokens["input_ids"])

    def _nearest(self, query: Tensor) -> tuple[str, float]:
        """The nearest concept and the root mean square distance to its query."""
        config = self.loaded.model.config
        names, known = list(config.concepts), self.loaded.model.queries[0]
        if config.cell_query:
            names.append("cell")
            known = torch.cat([known, torch.tensor([config.cell_query])])
        apart = (known - query[0]).square().mean(1).sqrt()
        nearest = int(apart.argmin())
        return names[nearest], float(apart[nearest])

    @torch.inference_mode()
    def ask(
        self, image: NDArray[Any], text: str, pixel_um: float | None = None, tile_px: int = TILE_PX
    ) -> Answer:
        """Look at (h, w) or (h, w, c), c 1 to 4, and answer every field."""
        model = self.loaded.model
        question = self.question(text)
        queries = torch.cat([model.queries[:, -1:], question.query], 1)
        seen = look(model.pixels, image, queries, pixel_um, tile_px=tile_px)
        per_tile = [self._slots_of(seen, n, question) for n in range(len(seen.sights))]
        logits = _together(per_tile, seen.sharpest)
        measures = torch.from_numpy(measure(image, seen.foreground))[None]
        readings = [gauge(model, sight, measures) for sight in seen.sights]
        gauged = _together([fields for _, fields in readings], seen.sharpest)
        return Answer(
            seen=seen,
            fields={
                name: self._calibrated(name, values, gauged.get(name))
                for name, values in logits.items()
            },
            logits=logits,
            gauged=gauged,
            relative_blur=max(2.0 ** readings[seen.sharpest][0] - BLUR_FLOOR, 0.0),
            features=np.mean([pooled(sight.features) for sight in seen.sights], axis=0),
            seams=seams(image),
            question=question,
            found=find(seen, self.loaded.calibration, model.objects, question.known),
        )

    def _slots_of(
        self, seen: Seen, tile: int, question: Question
    ) -> dict[str, NDArray[np.float64]]:
        model, sight = self.loaded.model, seen.sights[tile]
        tokens = model.image_tokens(sight, question.query)
        slots = model.get_input_embeddings()(self._slots)
        out = model.decoder(
            inputs_embeds=torch.cat([tokens, slots], 1), cache=copy.deepcopy(question.cache)
        )
        at_slots = out.logits[0, -self._slots.shape[1] :].double()
        return {
            field: at_slots[n, labels].numpy()
            for n, (field, labels) in enumerate(self._labels.items())
        }

    def _calibrated(
        self, field: str, logits: NDArray[np.float64], gauged: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        calibration = self.loaded.calibration
        if gauged is not None and field in calibration.blends:
            slot, own = calibration.blends[field]
            scaled = slot * log_softmax(logits) + own * log_softmax(gauged)
        else:
            scaled = logits / calibration.temperatures.get(field, 1.0)
        scaled[-1] += calibration.biases.get(field, 0.0)
        return np.asarray(np.exp(log_softmax(scaled)))

    @torch.inference_mode()
    def say(self, facts: Facts) -> str:
        """A sentence from facts, greedily; not checked."""
        model, tokenizer = self.loaded.model, self.loaded.tokenizer
        tokens = tokenizer(facts_text(facts.words()), return_tensors="pt", add_special_tokens=False)
        stop = tokenizer.convert_tokens_to_ids(END)
        ids = tokens["input_ids"]
        cache = None
        written: list[int] = []
        for _ in range(MOST_WORDS):
            out = model.decoder(input_ids=ids, cache=cache, use_cache=True)
            cache = out.cache
            best = int(out.logits[0, -1].argmax())
            if best == stop:
                break
            written.append(best)
            ids = torch.tensor([[best]])
        return str(tokenizer.decode(written, skip_special_tokens=True)).strip()


def gauge(
    model: ScoutForConditionalGeneration, sight: Sight, measures: Tensor
) -> tuple[float, dict[str, NDArray[np.float64]]]:
    """Blur, and logits of focus and every flag, of one image with its measures (1, m)."""
    features = joined(sight.readings, sight.numbers, measures)
    found = model.measured(features)
    near = model.focused(with_gauges(features, found))
    fields = {"focus": near.focus[0].double().numpy()}
    for n, flag in enumerate(FLAGS):
        fields[flag.value] = np.array([0.0, float(found.flags[0, n])])
    return float(near.blur), fields


def _together(
    tiles: list[dict[str, NDArray[np.float64]]], sharpest: int
) -> dict[str, NDArray[np.float64]]:
    """Fields of the whole image: what any tile shows is seen; focus is that of the sharpest."""
    if len(tiles) == 1:
        return tiles[0]
    out = {}
    for field in tiles[0]:
        if field in ("focus", "modality"):
            out[field] = tiles[sharpest][field]
        elif field == "empty":
            out[field] = min((tile[field] for tile in tiles), key=lambda v: float(v[1] - v[0]))
        else:
            out[field] = max((tile[field] for tile in tiles), key=lambda v: float(v[1] - v[0]))
    return out


def pooled(features: list[Tensor]) -> NDArray[np.float32]:
    """Mean and spread of every channel of every stride, (n,)."""
    parts = []
    for one in features:
        flat = one[0].float().flatten(1)
        mean = flat.mean(1)
        parts += [mean, (flat.square().mean(1) - mean.square()).clamp(min=1e-8).sqrt()]
    return np.asarray(torch.cat(parts).numpy(), np.float32)
