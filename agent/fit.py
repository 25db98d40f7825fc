"""Whether the instrument is as a plan needs it, and how it stands, in words. Moves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.expand import turns
from hardware.data import Refusal, Rule

if TYPE_CHECKING:
    from agent.plan import Plan
    from hardware.gate import Gate
    from hardware.microscope import InstrumentState, Microscope


def unfit(plan: Plan, microscope: Microscope, gate: Gate) -> Refusal | None:
    """Why the instrument is not as the plan needs it. Sets the binning, moves nothing."""
    home = microscope.objective
    if plan.objective is not None and plan.objective != home:
        return Refusal(
            Rule.OBJECTIVE,
            f"a run with objective {home or 'unknown'} in place",
            f"the plan is for {plan.objective}",
            f"Turn the turret to {plan.objective} by hand, or change objective in the plan.",
        )
    binned = microscope.set_binning(plan.camera.binning)
    if isinstance(binned, Refusal):
        return binned
    if not turns(plan, home):
        return None
    for preset in (plan.reaction.objective or "", home):  # there, and back again
        answer = gate.objective(preset)
        if isinstance(answer, Refusal):
            return answer
        if not microscope.pixel_size_um(preset) > 0:
            return Refusal(
                Rule.PIXEL_SIZE,
                f"images with objective {preset}, whose pixel size nobody knows",
                "a pixel size for every objective that a run uses",
                f"Write objectives.items.{preset}.pixel_size_um in the microscope's YAML.",
            )
    return None


def in_words(state: InstrumentState) -> str:
    """Where an instrument stands, in one line, um."""
    shutters = ", ".join(state.open_shutters) or "none"
    return (
        f"instrument at x {state.x_um:.1f}, y {state.y_um:.1f}, z {state.z_um:.2f} um; "
        f"channel {state.channel or 'unknown'}, objective {state.objective or 'unknown'}, "
        f"pixel {state.pixel_size_um:g} um; open shutters: {shutters}"
    )
