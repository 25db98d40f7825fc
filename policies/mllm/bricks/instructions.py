"""Questions about a brick, and what its truth answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.mllm.bricks.presence import shown
from policies.mllm.bricks.questions import question
from policies.mllm.concepts import CONCEPT_NAMES, PixelClass, focus_state
from policies.verdict import FocusState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from policies.mllm.bricks.brick import Brick

CELL = "cell"
LEAST_PX = 24  # of a thing that counts as in view; training asks for 6 at stride 2
YES_NO = {1: "yes", 0: "no", -1: "unknown"}
HOW_MANY = "how many cells are there?"
HOW_SHARP = "is this image in focus?"
HOW_COVERED = "how much of the field is covered?"
DESCRIBE = "describe this image"
WHICH_LIGHT = "what kind of image is this?"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One question and its answer.

    `kind` is what the answer is: "yes_no" (yes, no, unknown), "count" (whole number), "share"
    (0 to 1), "focus" and "modality" (a word of the closed lists), or "text". `concept` is what was
    asked for, "" where none.
    """

    question: str
    kind: str
    concept: str
    value: str | int | float

    def as_row(self) -> dict[str, Any]:
        """As it is written down."""
        answer = {"type": self.kind, "concept": self.concept, "value": self.value}
        return {"question": self.question, "answer": answer}


def instructions(brick: Brick, count: int, rng: Generator) -> Iterator[Instruction]:
    """`count` questions; what is there is asked for more often, a concept at most once."""
    facts = list(known_facts(brick))
    states = {name: present(brick, name) for name in (*CONCEPT_NAMES, CELL)}
    there = [name for name, state in states.items() if state == 1 and name != CELL]
    asked: set[str] = set()
    for _ in range(count):
        left = [name for name in states if name not in asked]
        liked = [name for name in there if name not in asked]
        die = float(rng.random())
        if facts and die < 0.3:
            yield facts.pop(int(rng.integers(len(facts))))
            continue
        if not left:
            return
        choices = liked if liked and die < 0.65 else left
        concept = choices[int(rng.integers(len(choices)))]
        asked.add(concept)
        yield Instruction(question(concept, rng), "yes_no", concept, YES_NO[states[concept]])


def known_facts(brick: Brick) -> Iterator[Instruction]:
    """What can be said of a brick besides what is in view; nothing where nobody knows."""
    if brick.caption:
        yield Instruction(DESCRIBE, "text", "", brick.caption)
    if brick.modality:
        yield Instruction(WHICH_LIGHT, "modality", "", brick.modality)
    if brick.labels is not None:
        yield Instruction(HOW_MANY, "count", CELL, len(np.unique(brick.labels[brick.labels > 0])))
    elif brick.count is not None:
        yield Instruction(HOW_MANY, "count", CELL, brick.count)
    if brick.relative_blur is not None:
        empty = brick.labels is not None and not brick.labels.any()
        state = FocusState.UNKNOWN if empty else focus_state(brick.relative_blur)
        yield Instruction(HOW_SHARP, "focus", "", state.value)
    layer = brick.classes == PixelClass.LAYER
    if layer.any():
        yield Instruction(HOW_COVERED, "share", "cell layer", round(float(layer.mean()), 4))


def present(brick: Brick, concept: str) -> int:
    """1 where the picture shows the concept, 0 where it does not, -1 where nobody knows.

    As training asks, but debris is "no" only where somebody looked for it.
    """
    if concept == CELL:
        if brick.labels is None:
            return -1
        return int(np.count_nonzero(brick.labels) >= LEAST_PX)
    if concept == "bubble":
        return int(brick.bubble is not None and bool(brick.bubble.mean() > 0.01))
    cells = bool((brick.classes == PixelClass.CELL).any())
    nothing = brick.labels is not None and not cells and concept != "debris"
    return shown(
        brick.classes,
        concept,
        LEAST_PX,
        outlined=brick.labels is not None,
        phases_known=brick.phases_known or nothing,
    )
