"""Whether probabilities mean what they say, and what abstaining gains.

Expected calibration error with 15 bins of equal width (Guo et al., ICML 2017) and of equal mass.
Target: the probability of a mitosis in view against whether there is one. Focus: the probability of
the state that is named against whether it is the true one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from policies.measure.calibration import BINS, accuracy_at_coverage, expected_calibration_error
from policies.mllm.concepts import focus_state

if TYPE_CHECKING:
    from agent.bench.judge.bench import Bench

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7)


def run(bench: Bench) -> dict[str, Any]:
    """Question -> errors and accuracy over coverage; the classical judge's target beside it."""
    fields = [f for f in [*bench.fields, *bench.mosaics] if f.present is not None]
    present = np.array([bool(field.present) for field in fields])
    rows = [(f.relative_blur, f.mllm) for f in bench.fields if f.relative_blur is not None]
    rows += [(b.relative_blur, b.mllm) for b in bench.blurred]
    told = np.array([look.state is focus_state(blur) for blur, look in rows])
    sure = np.array([float(look.focus.max()) for _, look in rows])
    kept = [f for f in fields if not f.classical.abstained]
    return {
        "bins": BINS,
        "coverage": list(COVERAGES),
        "mllm": {
            "target": _target(np.array([f.mllm.p_target for f in fields]), present),
            "focus": _figures(sure, told, sure, told),
        },
        "classical": {
            "target": _target(
                np.array([f.classical.p_target for f in kept]),
                np.array([bool(f.present) for f in kept]),
            )
        },
        **({} if bench.data is not None else {"without_data": "the simulator's pictures only"}),
    }


def _target(p: Any, present: Any) -> dict[str, Any]:
    return _figures(p, present, np.maximum(p, 1 - p), (p >= 0.5) == present)


def _figures(probability: Any, happened: Any, confidence: Any, correct: Any) -> dict[str, Any]:
    curve = accuracy_at_coverage(confidence, correct, COVERAGES)
    width = expected_calibration_error(probability, happened)
    mass = expected_calibration_error(probability, happened, equal_mass=True)
    return {
        "images": len(probability),
        "ece_equal_width": None if width is None else round(width, 4),
        "ece_equal_mass": None if mass is None else round(mass, 4),
        "accuracy_at_coverage": [None if a is None else round(a, 4) for a in curve],
    }
