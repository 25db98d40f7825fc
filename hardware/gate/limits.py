"""Limits that need no memory: pure functions from a microscope's YAML and a value to a refusal.

`check` asks them about a whole plan before anything moves; the gate asks them at each command.
Every function returns None when nothing is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardware import backstop
from hardware.data import Refusal, Rule
from hardware.gate.number import about, at_most, read, text

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig

BACKSTOP_REMEDY = "This limit is built in and no file widens it; check the number and its unit."


def check_xy(config: MicroscopeConfig, x_um: object, y_um: object) -> Refusal | None:
    """Refuse a stage position (um) outside the limits."""
    stage = config.stage
    for axis, value, limits in (("x", x_um, stage.x_um), ("y", y_um, stage.y_um)):
        number = read(axis, value, "um")
        if isinstance(number, Refusal):
            return number
        refusal = _position(config, axis, number, limits)
        if refusal is not None:
            return refusal
    return None


def check_z(config: MicroscopeConfig, z_um: object, objective: str) -> Refusal | None:
    """Refuse a focus position (um) outside the limits of the stage or of `objective`.

    An objective that the YAML does not list is refused, unless it lists none at all.
    Where changes of objective are allowed, an objective's range reaches away from the sample as
    far as `retract_z_um`: the turret turns there.
    """
    number = read("z", z_um, "um")
    if isinstance(number, Refusal):
        return number
    refusal = _position(config, "z", number, config.stage.z_um)
    items = config.objectives.items
    if refusal is not None or not items:
        return refusal
    what = f'z = {text(number)} um with objective "{objective}"'
    if objective not in items:
        return Refusal(Rule.OBJECTIVE, what, _objectives(config), _list_it(config))
    low, high = _objective_range(config, objective)
    if low <= number <= high:
        return None
    return Refusal(
        rule=Rule.Z_LIMIT,
        what=what,
        limit=f"{text(low)} to {text(high)} um",
        remedy=f"Stay inside, or change objectives.items.{objective}.z_um {_where(config)}.",
    )


def check_z_step(config: MicroscopeConfig, z_um: object, current_z_um: object) -> Refusal | None:
    """Refuse a step toward the sample (um) that is longer than the microscope allows."""
    target, current = read("z", z_um, "um"), read("current z", current_z_um, "um")
    if isinstance(target, Refusal):
        return target
    if isinstance(current, Refusal):
        return current
    stage = config.stage
    step = target - current if stage.toward_sample == "increasing" else current - target
    if at_most(step, stage.max_step_toward_sample_um):
        return None
    return Refusal(
        rule=Rule.Z_STEP,
        what=(
            f"z = {text(target)} um from {text(current)} um,"
            f" a step of {about(step)} um toward the sample"
        ),
        limit=f"{text(stage.max_step_toward_sample_um)} um",
        remedy=(
            "Approach in smaller steps,"
            f" or change stage.max_step_toward_sample_um {_where(config)}."
        ),
    )


def check_channel(config: MicroscopeConfig, preset: object) -> Refusal | None:
    """Refuse a channel preset that the YAML does not list."""
    if isinstance(preset, str) and preset in config.channels:
        return None
    return Refusal(
        rule=Rule.CHANNEL,
        what=f'channel "{preset}"',
        limit=f"known channels: {', '.join(config.channels)}",
        remedy=f"Use one of them, or add it with its light under channels {_where(config)}.",
    )


def check_exposure_time(
    config: MicroscopeConfig, channel: str, exposure_ms: object
) -> Refusal | None:
    """Refuse an unknown channel, and an exposure time (ms) that is not above 0 or too long."""
    refusal = check_channel(config, channel)
    if refusal is not None:
        return refusal
    number = read("exposure", exposure_ms, "ms")
    if isinstance(number, Refusal):
        return number
    what = f"exposure = {text(number)} ms of {channel}"
    if number > backstop.MAX_EXPOSURE_MS:
        limit = f"{text(backstop.MAX_EXPOSURE_MS)} ms"
        return Refusal(Rule.BACKSTOP, what, limit, BACKSTOP_REMEDY)
    longest = config.channels[channel].max_exposure_ms
    if 0 < number <= longest:
        return None
    return Refusal(
        rule=Rule.EXPOSURE,
        what=what,
        limit=f"above 0 and at most {text(longest)} ms",
        remedy=(
            "Choose an exposure inside the limit,"
            f" or change channels.{channel}.max_exposure_ms {_where(config)}."
        ),
    )


def check_objective(config: MicroscopeConfig, preset: object) -> Refusal | None:
    """Refuse a change of objective that the YAML does not allow, know, or say a retract z for."""
    objectives = config.objectives
    what = f'change to objective "{preset}"'
    if not objectives.allow_change:
        return Refusal(
            rule=Rule.OBJECTIVE,
            what=what,
            limit="objective changes are off",
            remedy=(
                "Turn the turret by hand, or, if it clears the sample, set"
                f" objectives.allow_change: true {_where(config)}."
            ),
        )
    if not isinstance(preset, str) or preset not in objectives.items:
        return Refusal(
            rule=Rule.OBJECTIVE,
            what=what,
            limit=_objectives(config),
            remedy=_list_it(config),
        )
    if objectives.retract_z_um is None:
        return Refusal(
            rule=Rule.OBJECTIVE,
            what=what,
            limit="no z to retract to before turning",
            remedy=f"Set objectives.retract_z_um {_where(config)}.",
        )
    return _position(config, "z", objectives.retract_z_um, config.stage.z_um)


def _position(
    config: MicroscopeConfig, axis: str, value: float, limits: tuple[float, float]
) -> Refusal | None:
    what = f"{axis} = {text(value)} um"
    physical = backstop.MAX_ABS_Z_UM if axis == "z" else backstop.MAX_ABS_XY_UM
    if abs(value) > physical:
        limit = f"{text(-physical)} to {text(physical)} um"
        return Refusal(Rule.BACKSTOP, what, limit, BACKSTOP_REMEDY)
    low, high = limits
    if low <= value <= high:
        return None
    return Refusal(
        rule=Rule.Z_LIMIT if axis == "z" else Rule.XY_LIMIT,
        what=what,
        limit=f"{text(low)} to {text(high)} um",
        remedy=f"Stay inside, or change stage.{axis}_um {_where(config)}.",
    )


def _objective_range(config: MicroscopeConfig, objective: str) -> tuple[float, float]:
    low, high = config.objectives.items[objective].z_um
    retract = config.objectives.retract_z_um
    if config.objectives.allow_change and retract is not None:
        if config.stage.toward_sample == "increasing":
            low = min(low, retract)
        else:
            high = max(high, retract)
    return low, high


def _objectives(config: MicroscopeConfig) -> str:
    return f"known objectives: {', '.join(config.objectives.items) or 'none'}"


def _list_it(config: MicroscopeConfig) -> str:
    return f"List the objective with its z_um under objectives.items {_where(config)}."


def _where(config: MicroscopeConfig) -> str:
    return f'in the YAML of microscope "{config.name}"'
