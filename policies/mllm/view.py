"""From an answer of the model to a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.mllm.concepts import FLAGS, FOCUS_STATES
from policies.mllm.sayings import PLURALS, Facts, faithful, plain
from policies.verdict import Focus, FocusState, SeenObject, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardware.data import Frame
    from policies.mllm.asker import Reply
    from policies.mllm.calibration import Calibration
    from policies.mllm.objects import Found

FLAG_AT = 0.5
FIRES_AT = 0.5  # from this probability on an action may follow, so a reason is written


@dataclass(frozen=True, slots=True)
class Context:
    """What of a verdict does not come from the model's answer."""

    visit_id: int
    fov: str
    judge: str
    target: str
    objects: tuple[SeenObject, ...]
    anomaly: float | None
    stack: Sequence[Frame] = ()


def verdict_of(
    reply: Reply,
    found: Found,
    context: Context,
    calibration: Calibration,
    say: Callable[[Facts], str] | None,
) -> Verdict:
    """The verdict. `say` writes the rationale; without it only what may fire an action gets one."""
    answer = reply.answer
    state = FOCUS_STATES[int(np.argmax(answer.fields["focus"]))]
    flags = tuple(flag for flag in FLAGS if float(answer.fields[flag.value][1]) >= FLAG_AT)
    why_not = _why_not(reply, state, calibration)
    facts = facts_of(context.objects, context.target, state, tuple(f.value for f in flags))
    rationale = ""
    if say is not None:
        written = say(facts)
        rationale = written if faithful(written, facts) else plain(facts)
    elif reply.p_target >= FIRES_AT:
        rationale = plain(facts)
    return Verdict(
        visit_id=context.visit_id,
        fov=context.fov,
        judge=context.judge,
        target=context.target,
        focus=Focus(
            state=state,
            score=round(1.0 / (0.03 + answer.relative_blur), 4),
            defocus_um=stack_defocus_um(context.stack),
        ),
        flags=flags,
        objects=context.objects,
        count=found.count,
        confluence=round(confluence(reply, found), 4),
        p_target=round(reply.p_target, 4),
        anomaly=None if context.anomaly is None else round(context.anomaly, 3),
        abstained=bool(why_not),
        why_abstained=why_not,
        rationale=rationale,
    )


def _why_not(reply: Reply, state: FocusState, calibration: Calibration) -> str:
    if not reply.taught:
        return f"nobody taught this model what {reply.answer.question.text!r} looks like"
    if state is FocusState.OUT:
        return "out of focus"
    sure = max(reply.p_target, 1 - reply.p_target)
    if sure < calibration.abstain_below:
        return f"not sure enough (p {reply.p_target:.2f})"
    return ""


def confluence(reply: Reply, found: Found) -> float:
    """Covered share: of a cell layer where one is seen, else of the instances."""
    layer = reply.answer.seen.heat[-2]  # the last concept; the question comes after it
    covered = 1.0 / (1.0 + np.exp(-np.clip(layer, -30, 30)))
    return max(float((covered > 0.5).mean()), float((found.labels > 0).mean()))


def facts_of(
    objects: Sequence[SeenObject], target: str, state: FocusState, flags: tuple[str, ...]
) -> Facts:
    """What a sentence may say: how many of each kind the dense head shows."""
    counts: dict[str, int] = {"cell": 0}
    for thing in objects:
        kind = thing.label if thing.label in PLURALS else "target"
        counts[kind] = counts.get(kind, 0) + 1
    wanted = target if target in PLURALS else "target"
    counts.setdefault(wanted, 0)
    return Facts(tuple(counts.items()), state.value, flags)


def stack_defocus_um(stack: Sequence[Frame]) -> float | None:
    """Signed defocus of a z stack's middle (positive: the stage's z is too high), where known.

    From three slices on: the vertex of a parabola through the sharpest slice (Brenner's gradient,
    Cytometry 1976) and its neighbours, unless that slice is at the end of the stack.
    """
    if len(stack) < 3:
        return None
    from policies.classical.focus import brenner

    slices = sorted(stack, key=lambda frame: frame.meta.z_um)
    z = np.array([frame.meta.z_um for frame in slices])
    sharp = np.array([brenner(np.asarray(frame.pixels, np.float32)) for frame in slices])
    best = int(np.argmax(sharp))
    if best in (0, len(z) - 1) or np.ptp(z) <= 0:
        return None
    fit = np.polyfit(z[best - 1 : best + 2] - z[best], sharp[best - 1 : best + 2], 2)
    if fit[0] >= 0:
        return None
    return round(float((z[0] + z[-1]) / 2 - (z[best] - fit[1] / (2 * fit[0]))), 3)
