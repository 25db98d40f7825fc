"""What a burst costs in light, for the field's budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.expand import event_templates
from hardware.data import Dose, VisitKind

if TYPE_CHECKING:
    from agent.plan import Plan
    from hardware.data import FieldOfView, MicroscopeConfig


def visit_dose(
    plan: Plan, config: MicroscopeConfig, fov: FieldOfView, kind: VisitKind, objective: str
) -> Dose:
    """Light of one visit, from the plan's exposures and the microscope's irradiances."""
    seconds, j_cm2, calibrated = 0.0, 0.0, True
    events = event_templates(plan, fov, kind)
    for event in events:
        exposure_s = float(event.exposure or 0.0) / 1000
        seconds += exposure_s
        channel = event.channel.config if event.channel else ""
        known = config.irradiance_w_cm2(channel, objective) if channel in config.channels else None
        if known is None:
            calibrated = False
        else:
            j_cm2 += known * exposure_s
    return Dose(seconds, j_cm2 if calibrated else None, len(events))


def burst_dose(plan: Plan, config: MicroscopeConfig, fov: FieldOfView, objective: str) -> Dose:
    """Light of a whole burst, if nothing ends it early."""
    n = math.floor(plan.reaction.duration_s / plan.reaction.interval_s) + 1
    one = visit_dose(plan, config, fov, VisitKind.REACTION, objective)
    return Dose(one.seconds * n, None if one.j_cm2 is None else one.j_cm2 * n, one.exposures * n)
