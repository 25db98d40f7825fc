"""Who outlines objects: the model, the classical judge, or a program that somebody installed."""

from __future__ import annotations

from importlib import util
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from agent.finding import config_error, nearest, one_line
from agent.looker import KINDS, looker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.pictures import Picture

    Labels: TypeAlias = NDArray[np.int32]
    Outline: TypeAlias = Callable[[Picture], Labels]

INSTALL = {"cellpose": "pip install cellpose", "stardist": "pip install stardist tensorflow"}
STARDIST_MODEL = "2D_versatile_fluo"


def outliner(kind: str, ask: str | None, weights: Path | None) -> Outline:
    """A function picture -> (h, w) ids 1, 2, ...; with `ask` only of what looks like it.

    Raises ConfigError for an unknown kind, and for one that is not installed, with the line that
    installs it; JudgeUnavailable where the model cannot be loaded.
    """
    known = (*KINDS, *INSTALL)
    if kind not in known:
        raise config_error("--with", f"{kind!r} is unknown", nearest(kind, known))
    if kind in INSTALL:
        if util.find_spec(kind) is None:
            raise config_error("--with", f"{kind} is not installed", INSTALL[kind])
        if ask is not None or weights is not None:
            given = "--ask" if ask is not None else "--weights"
            raise config_error(given, f"{kind} does not take it", "leave it out")
        return _cellpose if kind == "cellpose" else _stardist
    look = looker(kind, weights)

    def outline(picture: Picture) -> Labels:
        judged = look(picture, ask or "mitosis")
        blind = judged.verdict.count is None
        if blind and judged.verdict.why_abstained:
            why = one_line(judged.verdict.why_abstained)
            raise config_error(picture.path, f"cannot be segmented: {why}", "give another image")
        if ask is None:
            return judged.labels
        return renumbered(np.where(np.isin(judged.labels, judged.wanted), judged.labels, 0))

    return outline


def renumbered(labels: NDArray[Any]) -> Labels:
    """The same objects with ids 1, 2, ... without gaps."""
    ids, compact = np.unique(labels, return_inverse=True)
    start = 0 if len(ids) and ids[0] == 0 else 1
    return np.asarray(compact.reshape(labels.shape) + start, np.int32)


def _cellpose(picture: Picture) -> Labels:
    """Cellpose's default model (it fetches its weights when it has none)."""
    try:
        from cellpose import models

        found = models.CellposeModel(gpu=False).eval(picture.pixels)[0]
    except Exception as error:  # not ours: whatever it raises
        raise _foreign("cellpose", error) from None
    return renumbered(np.asarray(found))


def _stardist(picture: Picture) -> Labels:
    """StarDist's model for fluorescent nuclei (it fetches its weights when it has none)."""
    try:
        from csbdeep.utils import normalize
        from stardist.models import StarDist2D

        model = StarDist2D.from_pretrained(STARDIST_MODEL)
        found = model.predict_instances(normalize(picture.grey, 1, 99.8))[0]
    except Exception as error:  # not ours: whatever it raises
        raise _foreign("stardist", error) from None
    return renumbered(np.asarray(found))


def _foreign(name: str, error: Exception) -> Exception:
    return config_error(
        "--with", f"{name} failed ({one_line(str(error))[:160]})", "check its installation"
    )
