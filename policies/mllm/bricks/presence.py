"""Whether a picture shows a concept: one rule for questions of bricks and of training samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from policies.mllm.concepts import CONCEPTS, PixelClass

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shown(
    classes: NDArray[Any], concept: str, least_px: int, *, outlined: bool, phases_known: bool
) -> int:
    """1 where the classes show it, 0 where they do not, -1 where nobody knows.

    Fewer than `least_px` pixels are too few for either answer. `outlined`: somebody outlined the
    objects. `phases_known`: and told mitotic and dead ones from resting ones.
    """
    if bool((classes == PixelClass.UNKNOWN).all()):
        return -1
    pixels = int(np.isin(classes, [int(part) for part in CONCEPTS[concept]]).sum())
    if pixels:
        return 1 if pixels >= least_px else -1
    if concept == "cell layer":
        return 0 if outlined else -1
    return 0 if phases_known else -1
