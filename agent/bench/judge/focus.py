"""In focus, soft or out, and how much: real images at known blurs, simulated ones at known z.

Simulated frames come twice: as a run would take them, half of them sharp to within a quarter of a
pixel, and as sweeps through focus, near and far alike.

The truth is the blur relative to a nucleus (`policies.mllm.concepts`). Close to a bound between
two states either answer is as good, so that accuracy is given outside 15 % of the bounds, too. The
classical judge's states have bounds of its own; its rank correlation does not depend on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policies.measure.classes import accuracy, balanced_accuracy
from policies.measure.ranking import spearman
from policies.mllm.concepts import OUT_FROM, SOFT_FROM, focus_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bench.judge.bench import Bench
    from agent.bench.judge.lookers import ClassicalLook, MllmLook

GAP = 0.15  # of a bound

Row = tuple[float, "MllmLook", "ClassicalLook"]


def run(bench: Bench) -> dict[str, Any]:
    """Group of images -> figures of both judges."""
    groups: dict[str, list[Row]] = {}
    made = [b for b in bench.blurred if not b.recorded]
    if made:
        groups["real, blurred on purpose"] = [(b.relative_blur, b.mllm, b.classical) for b in made]
        for b in bench.blurred:
            group = f"{b.source}, {'as recorded' if b.recorded else 'blurred on purpose'}"
            groups.setdefault(group, []).append((b.relative_blur, b.mllm, b.classical))
    groups["simulator, true z"] = [
        (field.relative_blur, field.mllm, field.classical)
        for field in bench.fields
        if field.relative_blur is not None
    ]
    swept = bench.sweeps
    groups["simulator, z sweep"] = [(s.relative_blur, s.mllm, s.classical) for s in swept]
    for s in swept:
        rows = groups.setdefault(f"simulator, z sweep, {s.variety}", [])
        rows.append((s.relative_blur, s.mllm, s.classical))
    out = {name: figures(rows) for name, rows in groups.items()}
    return {
        "states": f"in below {SOFT_FROM}, out from {OUT_FROM} (sd of the blur / radius)",
        "gap": GAP,
        "groups": out,
        **({} if bench.data is not None else {"without_data": "the simulator's pictures only"}),
    }


def clear_of_bounds(relative_blur: float) -> bool:
    """Whether the state is not a matter of taste."""
    return all(abs(relative_blur - bound) > GAP * bound for bound in (SOFT_FROM, OUT_FROM))


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Of (true relative blur, what each judge says)."""
    true = [focus_state(blur).value for blur, _, _ in rows]
    clear = [clear_of_bounds(blur) for blur, _, _ in rows]
    blurs = [blur for blur, _, _ in rows]
    return {
        "images": len(rows),
        "by_state": {state: true.count(state) for state in ("in", "soft", "out")},
        "images_outside_gap": sum(clear),
        "mllm": _told(
            [m.state.value for _, m, _ in rows],
            true,
            clear,
            spearman([m.relative_blur for _, m, _ in rows], blurs),
        ),
        "classical": _told(
            [c.state.value for _, _, c in rows],
            true,
            clear,
            # diameter / edge width, 0 where there are no edges at all
            spearman([-c.score for _, _, c in rows], blurs),
        ),
    }


def _told(
    said: list[str], true: list[str], clear: list[bool], ranks: float | None
) -> dict[str, float | None]:
    kept = [(s, t) for s, t, far in zip(said, true, clear, strict=True) if far]
    return {
        "accuracy_everywhere": _rounded(accuracy(said, true)),
        "accuracy_outside_gap": _rounded(accuracy([s for s, _ in kept], [t for _, t in kept])),
        "balanced_outside_gap": _rounded(
            balanced_accuracy([s for s, _ in kept], [t for _, t in kept])
        ),
        "spearman": _rounded(ranks),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
