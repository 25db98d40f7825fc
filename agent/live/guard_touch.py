"""Operator touch: the instrument is not as the program left it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from agent.live.guard import Trouble
from hardware.fault import InstrumentFault
from hardware.touch import astray, differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import MicroscopeConfig, Visit
    from hardware.microscope import InstrumentState, Microscope

KIND = "operator_touch"
LIGHT_S = 0.5  # real seconds between two looks whether light is on that should not be


class TouchGuard:
    """Reads the instrument after each visit, and compares before the next one.

    Everything that the program itself does lies between these two readings, so that its own moves,
    backlash and autofocus are no touch. After a visit that failed nothing is compared: where its
    devices stopped, nobody knows. Light that is on between visits is switched off at once.

    Parameters
    ----------
    home : the objective that the run is imaged with, "" for whichever. With another one in place
        the run pauses, whatever the plan says of touches.
    turns : the run itself turns the turret.
    """

    def __init__(
        self,
        microscope: Microscope,
        config: MicroscopeConfig,
        then: Literal["pause", "note"],
        *,
        home: str = "",
        turns: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._microscope = microscope
        self._config = config
        self._then = then
        self._home = "" if turns else home
        self._monotonic = monotonic
        self._left: InstrumentState | None = None
        self._drift: tuple[str, ...] = ()
        self._looked_s = -LIGHT_S

    def check(self, now_s: float) -> Trouble | None:
        """Before a visit: the whole comparison."""
        drift, self._drift = self._drift, ()
        left = self._left
        found = self._read()
        if found is None:
            return None  # the visit will meet the same fault, and say so
        said = drift + (differences(left, found, self._config.stage) if left is not None else ())
        if left is None:
            said += tuple(f"shutter {name} open" for name in found.open_shutters)
        wrong = self._home and found.objective != self._home
        if wrong:
            said += (f"objective {found.objective or 'unknown'}, the run is with {self._home}",)
        return self._touched(said, "pause" if wrong else self._then) if said else None

    def look(self, paused: bool) -> Trouble | None:
        """Between visits: only whether light is on. During a pause people may want to see."""
        if paused or self._monotonic() - self._looked_s < LIGHT_S:
            return None
        self._looked_s = self._monotonic()
        try:
            lit = self._microscope.lit()
        except InstrumentFault:
            return None
        return self._touched(tuple(f"shutter {n} open" for n in lit), self._then) if lit else None

    def over(self, visit: Visit, failed: bool) -> None:
        """How the program leaves the instrument."""
        self._left = None if failed else self._read()
        if self._left is not None:
            target = (visit.fov.x_um, visit.fov.y_um)
            self._drift = astray(target, self._left, self._config.stage)

    def resumed(self) -> None:
        """Where a person has left everything is where the run goes on from; light off."""
        self._drift = ()
        self._left = None
        self._settle()
        self._left = self._read()

    # ------------------------------------------------------------------ inside

    def _touched(self, said: tuple[str, ...], then: Literal["pause", "note"]) -> Trouble:
        text = ", ".join(dict.fromkeys(said))
        left_on = self._settle()
        self._left = self._read()
        if "shutter " in text:
            text += f"; could NOT switch off {left_on}" if left_on else "; light switched off"
        return Trouble(KIND, then, f"not as the program left it: {text}")

    def _settle(self) -> str:
        """Light off, and what is in place is what the microscope believes to be; what failed."""
        try:
            self._microscope.start()
        except InstrumentFault as fault:
            return str(fault)
        return ""

    def _read(self) -> InstrumentState | None:
        try:
            return self._microscope.read()
        except InstrumentFault:
            return None
