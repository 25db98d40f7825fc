"""Moving and switching: stage, focus drive, channels, turret. Asked for, sent, read back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hardware.data import Refusal
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import Answer
    from hardware.gate import Gate
    from hardware.microscope.devices import Devices


class Mover:
    """Commands answer Permit (sent and confirmed) or Refusal (nothing was sent).

    `channel` and `objective` are the presets as last read back, "" while they are not known.
    """

    def __init__(self, devices: Devices, gate: Gate) -> None:
        self.channel = ""
        self.objective = ""
        self._devices = devices
        self._config = devices.config
        self._gate = gate

    def move_xy(self, x_um: float, y_um: float) -> Answer:
        """Go to stage position (um); confirmed by read-back."""
        answer = self._gate.xy(x_um, y_um)
        if isinstance(answer, Refusal):
            return answer
        core, tolerance = self._devices.core, self._config.stage.tolerance_xy_um

        def move() -> tuple[float, float]:
            if not math.dist(core.getXYPosition(), (x_um, y_um)) <= 0.1 * tolerance:
                core.setXYPosition(x_um, y_um)
                core.waitForDevice(core.getXYStageDevice())
            x, y = core.getXYPosition()
            return x, y

        there = self._devices.ask("XY stage", move)
        if not math.dist(there, (x_um, y_um)) <= tolerance:  # NaN confirms nothing
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"XY stage: asked for ({x_um:g}, {y_um:g}) um, reads "
                f"({there[0]:g}, {there[1]:g}) um (tolerance {tolerance:g} um)",
            )
        return answer

    def move_z(self, z_um: float) -> Answer:
        """Go to focus position (um), toward the sample in capped steps; confirmed by read-back.

        The target is asked for first: what it breaks is refused before anything moves. Only the
        rate of moves, or a stop, can refuse a later step; then the drive stays where it is.
        """
        answer = self._gate.z(z_um, objective=self.objective, current_z_um=z_um)
        if isinstance(answer, Refusal):
            return answer
        stage = self._config.stage
        here = self._devices.ask("focus drive", self._devices.core.getZPosition)
        # a read-back within tolerance must not push the next step over the cap
        cap_um = stage.max_step_toward_sample_um
        cap_um = max(cap_um - stage.tolerance_z_um, 0.5 * cap_um)
        for step_um in _steps(here, z_um, cap_um, stage.toward_sample):
            step = self._gate.z(step_um, objective=self.objective, current_z_um=here)
            if isinstance(step, Refusal):
                return step
            if not abs(here - step_um) <= 0.1 * stage.tolerance_z_um:
                here = self._send_z(step_um)
        return answer

    def _send_z(self, z_um: float) -> float:
        core, tolerance = self._devices.core, self._config.stage.tolerance_z_um

        def move() -> float:
            core.setZPosition(z_um)
            core.waitForDevice(core.getFocusDevice())
            return core.getZPosition()

        there = self._devices.ask("focus drive", move)
        if not abs(there - z_um) <= tolerance:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"focus drive: asked for {z_um:g} um, reads {there:g} um "
                f"(tolerance {tolerance:g} um)",
            )
        return there

    def set_channel(self, preset: str) -> Answer:
        """Switch the channel group to `preset`; confirmed by read-back."""
        answer = self._gate.channel(preset)
        if isinstance(answer, Refusal) or preset == self.channel:
            return answer
        core, group = self._devices.core, self._config.channel_group

        def switch() -> str:
            core.setConfig(group, preset)
            core.waitForConfig(group, preset)
            return str(core.getCurrentConfig(group))

        self.channel = ""
        self._confirm(f"channel group {group}", preset, switch)
        self.channel = preset
        return answer

    def set_objective(self, preset: str) -> Answer:
        """Retract, turn the turret, read back, and stay retracted under the new limits.

        The approach is the caller's next `move_z`, in capped steps under the new objective's
        limits. Off unless the microscope's YAML allows it and says where to retract to.
        """
        answer = self._gate.objective(preset)
        if isinstance(answer, Refusal) or preset == self.objective:
            return answer
        if not self.objective:
            self._find_objective()
        retract_z_um = self._config.objectives.retract_z_um
        assert retract_z_um is not None  # the gate refuses without it
        retracted = self.move_z(retract_z_um)
        if isinstance(retracted, Refusal):
            return retracted
        core, group = self._devices.core, self._config.objectives.group

        def turn() -> str:
            core.setConfig(group, preset)
            core.waitForConfig(group, preset)
            return str(core.getCurrentConfig(group))

        self.objective = ""  # unknown while it turns: the gate refuses z moves
        self._confirm(f"turret {group}", preset, turn)
        self.objective = preset
        return answer

    def _find_objective(self) -> None:
        """After a turn that failed: the objective in place, without which no limit is known."""
        core, group = self._devices.core, self._config.objectives.group
        there = self._devices.ask(f"turret {group}", lambda: str(core.getCurrentConfig(group)))
        if there not in self._config.objectives.items:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"turret {group}: reads {there or 'nothing'}, and nobody knows which objective is "
                "in place; nothing was moved",
            )
        self.objective = there

    def _confirm(self, what: str, preset: str, switch: Callable[[], str]) -> None:
        there = self._devices.ask(what, switch)
        if there != preset:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED, f"{what}: asked for {preset}, reads {there or 'nothing'}"
            )


def _steps(here: float, there: float, cap_um: float, toward: str) -> list[float]:
    """Stations of a focus move: capped steps toward the sample, one move away from it."""
    distance = there - here if toward == "increasing" else here - there
    if not math.isfinite(distance) or distance <= cap_um:
        return [there]
    n = math.ceil(distance / cap_um)
    return [here + (there - here) * i / n for i in range(1, n)] + [there]
