"""Which slot a quantity of an instruction belongs to: rules, a sentence encoder, and both."""

from __future__ import annotations

import datetime as dt
import functools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.load import load_microscope
from agent.memory.encoder import shared_encoder
from agent.planner.marks import language_of
from agent.planner.reading.quantity import Kind, Quantity, quantities
from agent.planner.source import Words
from agent.planner.understand import understand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from agent.bench.plan import Line
    from agent.planner.draft import Draft
    from hardware.data import MicroscopeConfig

NONE = "none"
WINDOW = 40  # characters on each side of a quantity
STEPS, RATE = 1000, 2.0  # until the loss hardly falls: fewer would make the encoder look worse
DECAYS = (1e-3, 1e-4, 1e-5)  # the best on a held-out fifth of the first set is taken
KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity, the slots that are right (equal values: more than one), the one rules gave.

    Attributes
    ----------
    unclear : rules gave no slot and asked what it is for.
    """

    line: Line
    quantity: Quantity
    right: frozenset[str]
    ruled: str
    unclear: bool


def roles(learned: Sequence[Amount], asked: Sequence[Amount]) -> dict[str, Any]:
    """Share of right and of wrong slots of each reader on `asked`; ms for an instruction."""
    names = sorted({label(a) for a in learned})
    x, y = features(learned), np.array([names.index(label(a)) for a in learned])
    lines = list(dict.fromkeys(a.line.id for a in learned))
    held = np.array([lines.index(a.line.id) % 5 == 0 for a in learned])
    decay = max(
        DECAYS,
        key=lambda d: np.mean(
            np.argmax(x[held] @ fit(x[~held], y[~held], len(names), d), axis=1) == y[held]
        ),
    )
    weights = fit(x, y, len(names), decay)
    start = time.perf_counter()
    guessed = [names[i] for i in np.argmax(features(asked) @ weights, axis=1)]
    ms = 1000 * (time.perf_counter() - start) / len({a.line.id for a in asked})
    ruled = [a.ruled for a in asked]
    unclear = [g if a.unclear else a.ruled for a, g in zip(asked, guessed, strict=True)]
    silent = [g if a.ruled == NONE else a.ruled for a, g in zip(asked, guessed, strict=True)]
    fitted = np.mean(np.argmax(x @ weights, axis=1) == y)
    return {
        "quantities": len(asked),
        "rules": scores(asked, ruled),
        "encoder": {
            **scores(asked, guessed),
            "right_on_its_training_set": round(float(fitted), 3),
            "decay": decay,
            "ms_per_instruction": round(ms, 1),
        },
        "both": scores(asked, silent),
        "both_where_unclear": {**scores(asked, unclear), "unclear": sum(a.unclear for a in asked)},
    }


@functools.cache
def microscope(name: str) -> MicroscopeConfig:
    """A microscope's file, loaded once."""
    return load_microscope(name).config


def drafted(line: Line) -> Draft:
    """What the rules understand of a line."""
    now = dt.datetime.fromisoformat(line.now)
    return understand(line.instruction, microscope(line.microscope), now)


def amounts(lines: Sequence[Line]) -> list[Amount]:
    """The quantities of lines that are planned or asked about; not those inside of phases."""
    found = []
    for line in lines:
        if line.outcome not in ("plan", "ask"):
            continue
        draft = drafted(line)
        questions = [q.text for q in draft.questions if q.slot.startswith("unclear")]
        now = dt.datetime.fromisoformat(line.now)
        for q in quantities(line.instruction, now, language_of(line.instruction)):
            if _in_phases(line.facts, q):
                continue  # a list of pairs has no slot for one number
            ruled = next(
                (
                    base(name)
                    for name, s in draft.said.items()
                    if isinstance(s.source, Words)
                    and s.source.start <= q.span.start < s.source.end
                    and is_value(s.value, q, name)
                ),
                NONE,
            )
            right = frozenset(base(n) for n, v in line.facts.items() if is_value(v, q, n))
            words = line.instruction[q.span.start : q.span.end]
            unclear = ruled == NONE and any(words in text for text in questions)
            found.append(Amount(line, q, right or frozenset({NONE}), ruled, unclear))
    return found


def _in_phases(facts: Mapping[str, Any], q: Quantity) -> bool:
    return any(
        is_value(number, q, "phases") for pair in facts.get("phases") or () for number in pair
    )


def is_value(value: Any, q: Quantity, slot: str) -> bool:
    """Whether a fact's value is this quantity's."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    size = {"_ms": 1e3, "_gb": 1e-9, "percent": 100.0}
    factor = next((f for end, f in size.items() if base(slot).endswith(end)), 1.0)
    return math.isclose(q.value * factor, value, rel_tol=1e-6)


def base(slot: str) -> str:
    """`exposure_ms.DAPI` -> `exposure_ms`."""
    head, _, channel = slot.rpartition(".")
    return head if head.endswith("exposure_ms") and channel else slot


def label(amount: Amount) -> str:
    """The slot to learn: of several that are right the first by name."""
    return min(amount.right)


def features(amounts: Sequence[Amount]) -> NDArray[np.float64]:
    """Of each quantity (n, columns): the instruction with its words marked, the words round it,
    its kind, and the logarithm of its value."""
    whole, near = [], []
    for a in amounts:
        start, end, text = a.quantity.span.start, a.quantity.span.end, a.line.instruction
        whole.append(f"{text[:start]}[ {text[start:end]} ]{text[end:]}")
        near.append(f"{text[max(0, start - WINDOW) : start]} # {text[end : end + WINDOW]}")
    kinds = np.zeros((len(amounts), len(KINDS) + 3))
    for row, a in enumerate(amounts):
        kinds[row, KINDS.index(a.quantity.kind)] = 1.0
        finite = math.isfinite(a.quantity.value)
        kinds[row, -3] = math.log10(abs(a.quantity.value) + 1e-3) if finite else 0.0
        kinds[row, -2] = float(a.quantity.every)
        kinds[row, -1] = 1.0
    encode = shared_encoder().encode
    return np.hstack([encode(whole), encode(near), kinds]).astype(np.float64)


def fit(
    x: NDArray[np.float64], labels: NDArray[np.int_], classes: int, decay: float
) -> NDArray[np.float64]:
    """Weights (columns, classes) of a multinomial logistic regression with L2 `decay`."""
    wanted = np.eye(classes)[labels]
    weights = np.zeros((x.shape[1], classes))
    for _ in range(STEPS):
        odds = x @ weights
        odds -= odds.max(axis=1, keepdims=True)
        p = np.exp(odds)
        p /= p.sum(axis=1, keepdims=True)
        weights -= RATE * (x.T @ (p - wanted) / len(x) + decay * weights)
    return weights


def scores(asked: Sequence[Amount], given: Sequence[str]) -> dict[str, Any]:
    """Share of right slots and of wrong ones; "none" where there is a slot is neither."""
    right = sum(g in a.right for a, g in zip(asked, given, strict=True))
    wrong = sum(g not in a.right and g != NONE for a, g in zip(asked, given, strict=True))
    return {"right": round(right / len(asked), 3), "wrong_slot": round(wrong / len(asked), 3)}
