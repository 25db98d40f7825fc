"""How much a piece of bright chromatin looks like a dividing cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.classical.condensed import Pair, Piece

FEATURES = ()


def describe(piece: Piece, pair: Pair | None) -> tuple[float, ...]:
    """The features of a piece, in the order of `WEIGHTS`."""
    return ()


def score(piece: Piece, pair: Pair | None) -> float:
    """Probability that the piece is chromatin of a dividing cell, 0 to 1."""
    flat = piece.long_um / max(piece.short_um, 1.0)
    x = 2.0 * (piece.peak - 2.0) + 2.0 * (flat - 1.8) - 0.02 * max(piece.area_um2 - 90, 0)
    return 1.0 / (1.0 + math.exp(-max(min(x, 30.0), -30.0)))
