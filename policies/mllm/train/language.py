"""Instruction tuning: connector, decoder and query on top of a pixel model that stays as it is.

Every step has two kinds of sequence: questions about pictures (the query, and every field's label),
and sentences from facts. Resumable; curves go to a JSONL file.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from policies.mllm.bricks.presence import shown
from policies.mllm.bricks.questions import question, strange_question
from policies.mllm.bricks.sample import UNKNOWN
from policies.mllm.concepts import FLAGS, PixelClass
from policies.mllm.model.text import facts_text, question_text, slots_text
from policies.mllm.model.words import END, FIELDS, SLOTS
from policies.mllm.sayings import PLURALS, Facts, varied
from policies.mllm.train.pixels import bf16_pays
from policies.mllm.train.stream import Samples, Source, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

    from policies.mllm.bricks.sample import Recipe
    from policies.mllm.model.scout import ScoutForConditionalGeneration
    from policies.mllm.model.sight import Sight

CELL = "cell"
LEAST_PX = 6  # pixels at stride 2 of a thing that counts as in view
STRANGE_BIAS = -6.0  # of the query for what nobody taught the model


@dataclass(frozen=True, slots=True)
class LanguageTraining:
    """How long and how fast."""

    steps: int = 3000
    batch: int = 16
    rate: float = 6e-4
    warm_up: int = 100
    decay: float = 0.02
    seed: int = 2
    workers: int = 1
    save_every: int = 250
    strange: float = 0.2  # share of questions for things the model does not know
    mixed: bool = True


def train_language(
    folder: Path,
    model: ScoutForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    sources: Sequence[Source],
    recipe: Recipe,
    training: LanguageTraining,
    *,
    tell: Callable[[int], None] | None = None,
) -> None:
    """Train, or go on with what `folder` holds; `folder/language.pt` is the state of it.

    `tell` is given the step after every step.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(training.seed)
    model.pixels.requires_grad_(False).eval()
    model.queries.requires_grad_(False)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, training.rate, weight_decay=training.decay)
    state = folder / "language.pt"
    step = 0
    if state.exists():
        saved = torch.load(state, weights_only=True, map_location="cpu")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step = int(saved["step"])
    samples = Samples(sources, recipe, training.seed, training.batch, step, training.steps)
    mixed = training.mixed and bf16_pays()
    started = time.monotonic()
    with (folder / "language.jsonl").open("a", encoding="utf-8") as curve:
        for batch in batches(samples, training.workers):
            rng = np.random.default_rng([training.seed, step, 7])
            for group in optimizer.param_groups:
                group["lr"] = _rate(step, training)
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                terms = {
                    **_answers(model, tokenizer, batch, rng, training),
                    "say": _sentences(model, tokenizer, rng, training.batch // 2),
                }
            total = torch.stack(list(terms.values())).sum()
            optimizer.zero_grad(set_to_none=True)
            total.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            step += 1
            if tell is not None:
                tell(step)
            if step % 25 == 0:
                row: dict[str, Any] = {n: round(float(t.detach()), 4) for n, t in terms.items()}
                row["s_per_step"] = round((time.monotonic() - started) / 25, 3)
                started = time.monotonic()
                print(json.dumps({"step": step, **row}), file=curve, flush=True)
            if step % training.save_every == 0 or step == training.steps:
                part = state.with_suffix(".part")
                saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save({**saved, "step": step}, part)
                part.replace(state)


def _rate(step: int, training: LanguageTraining) -> float:
    if step < training.warm_up:
        return training.rate * (step + 1) / training.warm_up
    done = min((step - training.warm_up) / max(training.steps - training.warm_up, 1), 1.0)
    return training.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for each sample: its text, its concept ("" for a stranger), and the answer.

    `answer` is 1 or 0, or -1 where nobody knows.
    """

    texts: list[str]
    concepts: list[str]
    answers: list[int]


def ask(batch: dict[str, Tensor], names: Sequence[str], rng: Any, strange: float) -> Asked:
    """Pick a question for every sample of a batch; what is there is asked for more often."""
    texts, concepts, answers = [], [], []
    for n in range(len(batch["pixels"])):
        if rng.random() < strange:
            texts.append(strange_question(rng))
            concepts.append("")
            answers.append(0)
            continue
        known = {name: present(batch, n, name) for name in (*names, CELL)}
        there = [name for name, answer in known.items() if answer == 1 and name != CELL]
        if there and rng.random() < 0.5:
            concept = str(rng.choice(there))
        elif rng.random() < 0.35:
            concept = "mitosis"
        else:
            concept = str(rng.choice(list(known)))
        texts.append(question(concept, rng))
        concepts.append(concept)
        answers.append(known[concept])
    return Asked(texts, concepts, answers)


def present(batch: dict[str, Tensor], n: int, concept: str) -> int:
    """1 where sample n shows the concept, 0 where it does not, -1 where nobody knows."""
    if concept == CELL:
        if not bool(batch["outlined"][n]):
            return -1
        return int(int((batch["labels"][n] > 0).sum()) >= LEAST_PX)
    if concept == "bubble":
        return _flag(batch, n, "bubble")
    if concept == "debris":
        return _flag(batch, n, "debris")
    classes = batch["classes"][n].numpy()
    return shown(
        classes,
        concept,
        LEAST_PX,
        outlined=bool(batch["outlined"][n]),
        phases_known=bool(batch["phases_known"][n]) or not (classes == PixelClass.CELL).any(),
    )


def _flag(batch: dict[str, Tensor], n: int, name: str) -> int:
    value = float(batch["flags"][n, [flag.value for flag in FLAGS].index(name)])
    return -1 if value == UNKNOWN else int(value)


def slot_logits(
    model: ScoutForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    batch: dict[str, Tensor],
    texts: Sequence[str],
) -> tuple[Tensor, Tensor, Sight]:
    """Logits at every slot (b, slots, vocabulary), queries (b, 1, q + 1), and what was seen."""
    prefix = tokenizer(
        [question_text(text) for text in texts],
        return_tensors="pt",
        padding=True,
        add_special_tokens=False,
    )
    ids, mask = prefix["input_ids"], prefix["attention_mask"]
    query, _ = model.read_question(ids, mask)
    with torch.no_grad():
        x = batch["pixels"].contiguous(memory_format=torch.channels_last)
        sight = model.see(x, batch["numbers"])
    tokens = model.image_tokens(sight, query.detach())
    slots = tokenizer(slots_text(), return_tensors="pt", add_special_tokens=False)["input_ids"]
    embed = model.get_input_embeddings()
    whole = torch.cat([embed(ids), tokens, embed(slots.expand(len(ids), -1))], 1)
    rest = torch.ones(len(ids), whole.shape[1] - ids.shape[1], dtype=mask.dtype)
    out = model.decoder(inputs_embeds=whole, attention_mask=torch.cat([mask, rest], 1))
    return out.logits[:, -slots.shape[1] :].float(), query, sight


def _answers(
    model: ScoutForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    batch: dict[str, Tensor],
    rng: Any,
    training: LanguageTraining,
) -> dict[str, Tensor]:
    asked = ask(batch, list(model.config.concepts), rng, training.strange)
    at_slots, query, sight = slot_logits(model, tokenizer, batch, asked.texts)
    return {
        "query": query_loss(model, query.float()[:, 0], asked, sight, batch),
        "fields": field_loss(tokenizer, at_slots, truths(batch, asked)),
    }


def query_loss(
    model: ScoutForConditionalGeneration,
    query: Tensor,
    asked: Asked,
    sight: Sight,
    batch: dict[str, Tensor],
) -> Tensor:
    """The question's query against the concept's learned one; for cells, against the foreground."""
    names = list(model.config.concepts)
    terms = []
    for n, concept in enumerate(asked.concepts):
        if concept == CELL:
            if bool(batch["outlined"][n]):
                direction, bias = query[n, :-1], query[n, -1]
                maps = torch.einsum("qhw,q->hw", sight.dense.embedding[n].float(), direction) + bias
                terms.append(F.binary_cross_entropy_with_logits(maps, batch["foreground"][n]))
            continue
        if concept:
            goal = model.queries[0, names.index(concept)].detach().float()
        else:
            goal = torch.zeros_like(query[n])
            goal[-1] = STRANGE_BIAS
        terms.append(F.smooth_l1_loss(query[n], goal))
    return torch.stack(terms).mean() * 2 if terms else query.sum() * 0


def truths(batch: dict[str, Tensor], asked: Asked) -> dict[str, Tensor]:
    """Field -> index of the right label for each sample, -1 where unknown."""
    found = {"focus": batch["focus"].long(), "modality": batch["modality"].long()}
    for column, flag in enumerate(FLAGS):
        found[flag.value] = batch["flags"][:, column].long()
    found["target"] = torch.tensor(asked.answers)
    return found


def field_loss(
    tokenizer: PreTrainedTokenizerFast, logits: Tensor, truth: dict[str, Tensor]
) -> Tensor:
    """Cross entropy over each field's own labels, (b, slots, vocabulary) logits."""
    terms = []
    for place, field in enumerate(SLOTS):
        known = truth[field] >= 0
        if not bool(known.any()):
            continue
        labels = tokenizer.convert_tokens_to_ids(list(FIELDS[field]))
        own = logits[:, place][:, labels]
        weight = 3.0 if field == "target" else 1.0
        terms.append(weight * F.cross_entropy(own[known], truth[field][known]))
    return torch.stack(terms).sum() / len(FIELDS)


def random_facts(rng: Any) -> Facts:
    """Facts as a verdict might hold."""
    things = list(rng.permutation(list(PLURALS)))[: int(rng.integers(1, 4))]
    seen = tuple(
        (str(thing), int(rng.choice([0, 1, 2, int(rng.integers(3, 400))]))) for thing in things
    )
    flags = tuple(flag.value for flag in FLAGS if rng.random() < 0.12)
    return Facts(seen, str(rng.choice(["in", "soft", "out", "unknown"])), flags)


def _sentences(
    model: ScoutForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, rng: Any, count: int
) -> Tensor:
    facts = [random_facts(rng) for _ in range(count)]
    given = [facts_text(one.words()) for one in facts]
    whole = [text + varied(one, rng) + END for text, one in zip(given, facts, strict=True)]
    tokens = tokenizer(whole, return_tensors="pt", padding=True, add_special_tokens=False)
    labels = tokens["input_ids"].masked_fill(tokens["attention_mask"] == 0, -100)
    say = tokenizer.convert_tokens_to_ids("<say>")
    before = (tokens["input_ids"] == say).int().cumsum(1) == 0
    labels = labels.masked_fill(before, -100)
    out = model.decoder(
        input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], labels=labels
    )
    loss: Tensor = out.loss
    return loss
