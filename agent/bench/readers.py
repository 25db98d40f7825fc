"""`microscout bench readers`: what the embedded planner was chosen from.

Rules, a sentence encoder with a linear model, and both, by how often a quantity of an instruction
gets the slot that a right plan has; and how long a small language model takes to write a form.
"""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import math
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.machine import machine
from agent.bench.plan import Line, read_set
from agent.load import load_microscope
from agent.memory.encoder import shared_encoder
from agent.planner.marks import language_of
from agent.planner.reading.quantity import Kind, Quantity, quantities
from agent.planner.source import Words
from agent.planner.understand import understand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NONE = "none"
WINDOW = 40  # characters on each side of a quantity
STEPS, RATE, DECAY = 300, 2.0, 1e-3  # of the logistic regression
FORM_TOKENS = 120
FORMS = 3
KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity of an instruction, the slot that is right, and the one that rules gave."""

    line: Line
    quantity: Quantity
    right: str
    ruled: str


def bench_readers(train: Path, test: Path, *, json: bool) -> int:
    """Train the encoder's model on the first set, compare all on the second; exit code 0."""
    learned, asked = _amounts(read_set(train)), _amounts(read_set(test))
    names = sorted({a.right for a in learned})
    weights = _fit(_features(learned), [names.index(a.right) for a in learned], len(names))
    guessed = [names[i] for i in np.argmax(_features(asked) @ weights, axis=1)]
    both = [a.ruled if a.ruled != NONE else g for a, g in zip(asked, guessed, strict=True)]
    told = {
        "bench": "readers",
        "machine": machine(),
        "trained_on": train.name,
        "tested_on": test.name,
        "quantities": len(asked),
        "rules": _scores(asked, [a.ruled for a in asked]),
        "encoder": _scores(asked, guessed),
        "both": _scores(asked, both),
        "language_model": _decoding(),
    }
    print(jsonlib.dumps(told, indent=None if json else 2))
    return 0


def _amounts(lines: Sequence[Line]) -> list[Amount]:
    config = load_microscope("demo").config
    found = []
    for line in lines:
        if line.outcome not in ("plan", "ask"):
            continue
        now = dt.datetime.fromisoformat(line.now)
        said = understand(line.instruction, config, now).said
        for q in quantities(line.instruction, now, language_of(line.instruction)):
            ruled = next(
                (
                    _base(name)
                    for name, s in said.items()
                    if isinstance(s.source, Words)
                    and s.source.start <= q.span.start < s.source.end
                    and _is(s.value, q, name)
                ),
                NONE,
            )
            right = next((_base(n) for n, v in line.facts.items() if _is(v, q, n)), NONE)
            found.append(Amount(line, q, right, ruled))
    return found


def _is(value: Any, q: Quantity, slot: str) -> bool:
    """Whether a fact's value is this quantity's."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    size = {"_ms": 1e3, "_gb": 1e-9, "percent": 100.0}
    factor = next((f for end, f in size.items() if _base(slot).endswith(end)), 1.0)
    return math.isclose(q.value * factor, value, rel_tol=1e-6)


def _base(slot: str) -> str:
    head, _, channel = slot.rpartition(".")
    return head if head.endswith("exposure_ms") and channel else slot


def _features(amounts: Sequence[Amount]) -> NDArray[np.float64]:
    """Embedding of the words round each quantity, its kind, and the logarithm of its value."""
    texts = []
    for a in amounts:
        start, end, text = a.quantity.span.start, a.quantity.span.end, a.line.instruction
        texts.append(f"{text[max(0, start - WINDOW) : start]} # {text[end : end + WINDOW]}")
    kinds = np.zeros((len(amounts), len(KINDS) + 3))
    for row, a in enumerate(amounts):
        kinds[row, KINDS.index(a.quantity.kind)] = 1.0
        finite = math.isfinite(a.quantity.value)
        kinds[row, -3] = math.log10(abs(a.quantity.value) + 1e-3) if finite else 0.0
        kinds[row, -2] = float(a.quantity.every)
        kinds[row, -1] = 1.0
    return np.hstack([shared_encoder().encode(texts).astype(np.float64), kinds])


def _fit(x: NDArray[np.float64], labels: Sequence[int], classes: int) -> NDArray[np.float64]:
    """Multinomial logistic regression by gradient descent."""
    wanted = np.eye(classes)[list(labels)]
    weights = np.zeros((x.shape[1], classes))
    for _ in range(STEPS):
        scores = x @ weights
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        weights -= RATE * (x.T @ (p - wanted) / len(x) + DECAY * weights)
    return weights


def _scores(asked: Sequence[Amount], given: Sequence[str]) -> dict[str, float]:
    right = sum(a.right == g for a, g in zip(asked, given, strict=True))
    wrong = sum(g not in (a.right, NONE) for a, g in zip(asked, given, strict=True))
    return {"right": round(right / len(asked), 3), "wrong_slot": round(wrong / len(asked), 3)}


def _decoding() -> dict[str, Any]:
    """Greedy decoding of a form by a decoder of the judge's size (random weights: only speed)."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from policies.mllm.model.config import ScoutConfig

    size = ScoutConfig()
    config = LlamaConfig(
        vocab_size=size.vocab_size,
        hidden_size=size.hidden_size,
        intermediate_size=size.intermediate_size,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(config).eval()
    prompt = torch.randint(0, config.vocab_size, (1, 60))
    seconds = []
    for _ in range(FORMS):
        started = time.perf_counter()
        with torch.inference_mode():
            model.generate(
                prompt,
                max_new_tokens=FORM_TOKENS,
                min_new_tokens=FORM_TOKENS,
                do_sample=False,
                pad_token_id=0,
                eos_token_id=None,
            )
        seconds.append(time.perf_counter() - started)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "form_tokens": FORM_TOKENS,
        "ms_per_form": round(1000 * statistics.median(seconds)),
        "trained": False,
    }
