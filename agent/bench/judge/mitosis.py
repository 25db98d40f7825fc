"""Whether a dividing cell is in view, and where: simulated fields, and mosaics of real cells.

Present means metaphase to telophase at least 6 um inside the border; a field whose only division
is nearer to it is left out. A prophase is no division yet, and no fault of a judge that calls it
one a little early: figures are given with prophases as negatives, and without fields or objects
that are in prophase. Where the classical judge abstains its probability counts as 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.fields import PER_DEFOCUSED, PER_STRATUM, STRATA, look_at_fields
from policies.measure.classes import balanced_accuracy
from policies.measure.matching import detection_precision, match
from policies.measure.ranking import average_precision
from policies.mllm.concepts import focus_state
from policies.verdict import FocusState

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.bench.judge.bench import Bench
    from agent.bench.judge.fields import Field
    from agent.bench.judge.lookers import ClassicalLook, MllmLook, Things

    Look = MllmLook | ClassicalLook

CALLED = 0.5  # an object at or above this is called by the target's name
JUDGES: dict[str, Callable[[Field], Look]] = {
    "mllm": lambda field: field.mllm,
    "classical": lambda field: field.classical,
}


def run(bench: Bench) -> dict[str, Any]:
    """Group of pictures -> figures of both judges."""
    groups = {
        "simulator, all": bench.fields,
        "simulator, in focus or soft": [f for f in bench.fields if not _out(f)],
    }
    for number, (name, variety) in enumerate(STRATA.items(), start=1):
        usual = PER_DEFOCUSED if name == "defocused" else PER_STRATUM
        fields = look_at_fields(bench, name, variety, bench.seed + number, usual)
        if name == "defocused":
            fields = [f for f in fields if _state(f) is FocusState.SOFT]
        groups[f"simulator, {name}"] = fields
    out = {name: figures(fields) for name, fields in groups.items()}
    if bench.mosaics:
        out["real cells in mosaics (ifc_cell_cycle)"] = figures(bench.mosaics)
    return {
        "groups": out,
        **({} if bench.data is not None else {"without_data": "the simulator's pictures only"}),
    }


def figures(fields: list[Field]) -> dict[str, Any]:
    """Of fields with known truth."""
    asked = [field for field in fields if field.present is not None]
    return {
        "images": len(asked),
        "with_division": sum(bool(field.present) for field in asked),
        "prophase_only": sum(field.prophase_only for field in asked),
        "divisions": sum(len(field.truth.divisions) for field in fields),
        **{name: _of_judge(fields, asked, look) for name, look in JUDGES.items()},
    }


def _of_judge(
    fields: list[Field], asked: list[Field], look: Callable[[Field], Look]
) -> dict[str, float | None]:
    clear = [field for field in asked if not field.prophase_only]
    found = {
        "image_ap": _image_ap(asked, look),
        "image_ap_without_prophase": _image_ap(clear, look),
        "object_ap": _object_ap(fields, look, spared=False),
        "object_ap_without_prophase": _object_ap(fields, look, spared=True),
        "cell_balanced_accuracy": _cells(fields, look),
        "abstained": _abstained(asked, look),
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def _image_ap(fields: list[Field], look: Callable[[Field], Look]) -> float | None:
    scores = [look(field).p_target for field in fields]
    return average_precision(scores, [bool(field.present) for field in fields])


def _object_ap(fields: list[Field], look: Callable[[Field], Look], *, spared: bool) -> float | None:
    rows = []
    for field in fields:
        truth, things = field.truth, look(field).things
        ignored = [*truth.cut, *(truth.prophases if spared else ())]
        rows.append(match(things.places, things.scores, truth.divisions, ignored, truth.reach_px))
    return detection_precision(rows)


def _cells(fields: list[Field], look: Callable[[Field], Look]) -> float | None:
    """Dividing or resting, over single cells whose phase is known (mosaics)."""
    said, true = [], []
    for field in fields:
        truth = field.truth
        if not truth.resting:
            continue
        for places, dividing in (
            (truth.divisions, True),
            (tuple((p,) for p in truth.resting), False),
        ):
            for place, *_ in places:
                said.append(highest_near(look(field).things, place, truth.reach_px) >= CALLED)
                true.append(dividing)
    return balanced_accuracy(said, true)


def highest_near(things: Things, place: tuple[float, float], reach_px: float) -> float:
    """The highest score of an object within reach of a place; 0 without any."""
    apart = np.hypot(things.places[:, 0] - place[0], things.places[:, 1] - place[1])
    near = things.scores[apart <= reach_px]
    return float(near.max()) if near.size else 0.0


def _abstained(fields: list[Field], look: Callable[[Field], Look]) -> float | None:
    said = [bool(getattr(look(field), "abstained", False)) for field in fields]
    return float(np.mean(said)) if said and look is JUDGES["classical"] else None


def _state(field: Field) -> FocusState:
    return FocusState.UNKNOWN if field.relative_blur is None else focus_state(field.relative_blur)


def _out(field: Field) -> bool:
    return _state(field) is FocusState.OUT
