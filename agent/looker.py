"""Who looks at single pictures: the model or the classical judge, behind one function."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from agent.pictures import Picture
    from hardware.data import Frame
    from policies.mllm.picture import Judged
    from policies.verdict import Verdict

    Look: TypeAlias = "Callable[[Picture, str], Judged]"

Kind = Literal["mllm", "classical"]
KINDS: tuple[Kind, ...] = ("mllm", "classical")


def looker(
    kind: str, weights: Path | None = None, adapter: Path | None = None, *, explain: bool = False
) -> Look:
    """A function (picture, what is asked for) -> what is said of it, with its latency.

    Raises JudgeUnavailable where the model cannot be loaded, ConfigError for an unknown kind and,
    from the function, where the classical judge has no pixel size.
    """
    if kind == "mllm":
        from policies.mllm.asker import make_asker
        from policies.mllm.picture import judge_picture

        asker = make_asker(weights, adapter)

        def by_model(picture: Picture, target: str) -> Judged:
            started = time.perf_counter()
            name, um = picture.path.name, picture.pixel_um
            said = judge_picture(asker, picture.pixels, target, um, name=name, explain=explain)
            return _timed(said, started)

        return by_model
    if kind != "classical":
        raise config_error("--with", f"{kind!r} is unknown", f"known: {', '.join(KINDS)}")
    if weights is not None or adapter is not None:
        given = "--weights" if weights is not None else "--adapter"
        raise config_error(given, "the classical judge has none", "leave it out, or --with mllm")

    def classical(picture: Picture, target: str) -> Judged:
        started = time.perf_counter()
        return _timed(_classical(picture, target), started)

    return classical


def check_pixel_size(pixel_um: float | None) -> None:
    """ConfigError for a --pixel-size that is none."""
    if pixel_um is not None and not (math.isfinite(pixel_um) and pixel_um > 0):
        raise config_error("--pixel-size", f"{pixel_um} um", "give a number above 0")


def _classical(picture: Picture, target: str) -> Judged:
    import numpy as np

    from policies.classical.judge import TARGET_SCORE, ClassicalJudge, unfit
    from policies.mllm.picture import Judged

    if picture.pixel_um is None:
        message = "the pixel size is unknown, and the classical judge works in micrometres"
        raise config_error(picture.path, message, "give --pixel-size, or use --with mllm")
    frame = _frame(picture)
    verdict = ClassicalJudge().judge([frame], target=target)
    labels = np.zeros(frame.pixels.shape, np.int32)
    if verdict.count:
        labels = classical_labels(picture)
    wanted = tuple(n + 1 for n, o in enumerate(verdict.objects) if o.score >= TARGET_SCORE)
    nothing = np.zeros((1, 1), np.float32)
    return Judged(verdict, labels, () if unfit(frame) else wanted, nothing)


def classical_labels(picture: Picture) -> NDArray[np.int32]:
    """Nuclei of a grey picture, (h, w) ids; `picture.pixel_um` must be known."""
    import numpy as np

    from policies.classical.field import prepare
    from policies.classical.segment import segment

    assert picture.pixel_um is not None
    grey = picture.grey
    field = prepare(grey, picture.pixel_um)
    labels = segment(field).labels
    k = field.factor
    full = np.kron(labels, np.ones((k, k), np.int32)) if k > 1 else labels
    more = [(0, max(size - have, 0)) for size, have in zip(grey.shape, full.shape, strict=True)]
    padded = np.pad(full, more, mode="edge")[: grey.shape[0], : grey.shape[1]]
    return np.ascontiguousarray(padded, np.int32)


def _frame(picture: Picture) -> Frame:
    """As if a microscope had taken it; (0, 0) is the upper left corner."""
    from useq import MDAEvent

    from hardware.data import Frame, FrameKey, FrameMeta

    um, grey = picture.pixel_um or math.nan, picture.grey
    rows, columns = grey.shape
    meta = FrameMeta(
        time_s=0.0,
        utc="",
        x_um=um * columns / 2,
        y_um=um * rows / 2,
        z_um=0.0,
        exposure_ms=0.0,
        channel="",
        objective="",
        pixel_size_um=um,
    )
    key = FrameKey(picture.path.name, 0, 0, 0)
    return Frame(0, 0, key, grey, MDAEvent(), meta)


def _timed(said: Judged, started: float) -> Judged:
    import dataclasses

    took: dict[str, object] = {"latency_s": round(time.perf_counter() - started, 4)}
    verdict: Verdict = said.verdict.model_copy(update=took)
    return dataclasses.replace(said, verdict=verdict)
