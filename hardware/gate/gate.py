"""The one gate for all doors: loop, command line, autofocus, engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardware.data import Permit, Refusal, Rule
from hardware.gate import limits
from hardware.gate.light import LightBudget, check_light, describe
from hardware.gate.number import read, text
from hardware.gate.rate import MoveRate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardware.data import Answer, Exposure, MicroscopeConfig
    from hardware.ledger import DoseLedger


class Gate:
    """Answers, for every command that can move, expose or switch, Permit or Refusal.

    A Permit means exactly the value that was checked. A refusal is a value; it also goes to
    `on_refusal` (which may raise: the command is not sent either way).
    The gate does not count light: between an exposure's Permit and `DoseLedger.open` the caller
    must hold the instrument.

    Parameters
    ----------
    now : run time in seconds, for the rate of moves.
    allowed_properties : the (device, property) pairs that may be set; none unless named here.
    """

    def __init__(
        self,
        config: MicroscopeConfig,
        ledger: DoseLedger,
        budget: LightBudget,
        *,
        now: Callable[[], float],
        on_refusal: Callable[[Refusal], None] | None = None,
        allowed_properties: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._budget = budget
        self._on_refusal = on_refusal
        self._allowed_properties = frozenset(allowed_properties)
        self._rate = MoveRate(config, now)
        self._xy: tuple[float, float] | None = None  # the last permitted one
        self._stopped = False  # a plain attribute: the stop path takes no lock

    def xy(self, x_um: float, y_um: float) -> Answer:
        """Move the stage to (x, y), um. A move to where the last one went counts no rate."""
        what = f"move to x = {text(x_um)} um, y = {text(y_um)} um"
        refusal = self._refuse_if_stopped(what) or limits.check_xy(self._config, x_um, y_um)
        if refusal is None:
            target = (float(x_um), float(y_um))
            if target != self._xy:
                refusal = self._rate.take(what)
            if refusal is None:
                self._xy = target
        return self._answer(what, refusal)

    def z(self, z_um: float, *, objective: str, current_z_um: float) -> Answer:
        """Move the focus drive to z (um) from where it was read back to be.

        `objective` is the preset in place, as read back ("" when the instrument does not say).
        """
        what = f"move to z = {text(z_um)} um"
        refusal = self._refuse_if_stopped(what) or self._check_z(z_um, objective, current_z_um)
        if refusal is None and z_um != current_z_um:
            refusal = self._rate.take(what)
        return self._answer(what, refusal)

    def z_stack(self, zs_um: Sequence[float], *, objective: str, current_z_um: float) -> Answer:
        """Move through a hardware-triggered stack: each plane is checked from the one before.

        Counts as one move: the camera's exposures pace it, not the program.
        """
        what = f"move through a stack of {len(zs_um)} planes"
        refusal = self._refuse_if_stopped(what)
        before = current_z_um
        for z_um in zs_um:
            refusal = refusal or self._check_z(z_um, objective, before)
            before = z_um
        return self._answer(what, refusal or self._rate.take(what))

    def channel(self, preset: str) -> Answer:
        """Switch to a preset of the channel group."""
        what = f'switch to channel "{preset}"'
        refusal = self._refuse_if_stopped(what) or limits.check_channel(self._config, preset)
        return self._answer(what, refusal)

    def exposure(self, exposure: Exposure) -> Answer:
        """Expose once: time, light, and every budget with this exposure included."""
        return self.exposures((exposure,))

    def exposures(self, exposures: Sequence[Exposure]) -> Answer:
        """Expose in a hardware-triggered batch: each one, and all of them against the budgets."""
        what = "; ".join(describe(e) for e in exposures[:1])
        if len(exposures) > 1:
            what = f"{len(exposures)} exposures, the first: {what}"
        refusal = self._refuse_if_stopped(what or "no exposures") or check_light(
            self._config, self._budget, self._ledger, exposures
        )
        return self._answer(what or "no exposures", refusal)

    def dark_frame(self, exposure_ms: float) -> Answer:
        """Expose the camera with every shutter closed: no light, so nothing for the ledger.

        After a stop as well: it is how one sees that the light is off.
        """
        number = read("exposure", exposure_ms, "ms")
        refusal = number if isinstance(number, Refusal) else None
        return self._answer(f"dark frame of {text(exposure_ms)} ms", refusal)

    def objective(self, preset: str) -> Answer:
        """Turn the turret to a preset of the objective group."""
        what = f'change to objective "{preset}"'
        refusal = self._refuse_if_stopped(what) or limits.check_objective(self._config, preset)
        return self._answer(what, refusal)

    def device_property(self, device: str, prop: str, value: object) -> Answer:
        """Set a device property: refused unless the gate was built to allow just this one."""
        what = f"set {device}-{prop} to {value!r}"
        refusal = self._refuse_if_stopped(what)
        if refusal is None and (device, prop) not in self._allowed_properties:
            allowed = ", ".join(sorted("-".join(pair) for pair in self._allowed_properties))
            refusal = Refusal(
                rule=Rule.PROPERTY,
                what=what,
                limit=f"allowed properties: {allowed or 'none'}",
                remedy="Put it into a channel preset or the startup preset of Micro-Manager's cfg.",
            )
        if refusal is None and not isinstance(value, str):
            number = read(f"{device}-{prop}", value, "the property's unit")
            refusal = number if isinstance(number, Refusal) else None
        return self._answer(what, refusal)

    def light_off(self) -> Permit:
        """Always allowed, stopped or not; takes no lock and tells nobody."""
        return Permit("light off")

    def stop(self) -> None:
        """From now on refuse everything but light off. There is no way back; takes no lock."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """True once `stop` was called."""
        return self._stopped

    def _check_z(self, z_um: float, objective: str, current_z_um: float) -> Refusal | None:
        return limits.check_z(self._config, z_um, objective) or limits.check_z_step(
            self._config, z_um, current_z_um
        )

    def _refuse_if_stopped(self, what: str) -> Refusal | None:
        if not self._stopped:
            return None
        return Refusal(
            rule=Rule.STOPPED,
            what=what,
            limit="the run was stopped",
            remedy="Start a new run, or resume this one.",
        )

    def _answer(self, what: str, refusal: Refusal | None) -> Answer:
        if refusal is None:
            return Permit(what)
        if self._on_refusal is not None:
            self._on_refusal(refusal)
        return refusal
