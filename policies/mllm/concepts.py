"""What the dense head was taught to point at, and the other closed words of the model."""

from __future__ import annotations

from enum import IntEnum

from policies.verdict import Flag, FocusState


class PixelClass(IntEnum):
    """What a labelled pixel shows. Stored in bricks as one uint8 map."""

    BACKGROUND = 0
    CELL = 1  # a resting nucleus, or a whole cell where no nucleus is stained
    PROPHASE = 2
    METAPHASE = 3
    ANAPHASE = 4
    TELOPHASE = 5
    DEAD = 6
    DEBRIS = 7
    LAYER = 8  # covered by cells that nobody told apart
    UNKNOWN = 255  # nobody looked


# One heat map each. A concept is the union of pixel classes; bubbles have a mask of their own.
CONCEPTS: dict[str, frozenset[PixelClass]] = {
    "mitosis": frozenset({PixelClass.METAPHASE, PixelClass.ANAPHASE, PixelClass.TELOPHASE}),
    "prophase": frozenset({PixelClass.PROPHASE}),
    "metaphase": frozenset({PixelClass.METAPHASE}),
    "anaphase": frozenset({PixelClass.ANAPHASE}),
    "telophase": frozenset({PixelClass.TELOPHASE}),
    "dead cell": frozenset({PixelClass.DEAD}),
    "debris": frozenset({PixelClass.DEBRIS}),
    "bubble": frozenset(),
    "cell layer": frozenset({PixelClass.LAYER}),
}
CONCEPT_NAMES = tuple(CONCEPTS)

FOCUS_STATES = (FocusState.IN, FocusState.SOFT, FocusState.OUT, FocusState.UNKNOWN)
FLAGS = tuple(Flag)
MODALITIES = ("fluorescence", "phase contrast", "brightfield", "histology")

# Focus is told by the blur of edges relative to what is in view: standard deviation of the blur
# beyond the sharp image, over the radius of a typical nucleus or cell. Below the first bound a
# nucleus shows its texture; above the second its outline is a guess.
SOFT_FROM = 0.10
OUT_FROM = 0.24


def focus_state(relative_blur: float) -> FocusState:
    """`relative_blur` is sigma / object radius, at least 0."""
    if relative_blur < SOFT_FROM:
        return FocusState.IN
    return FocusState.SOFT if relative_blur < OUT_FROM else FocusState.OUT
