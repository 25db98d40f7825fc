"""Light: what one exposure may be, and what a run's budget still pays for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hardware import backstop
from hardware.data import Refusal, Rule
from hardware.gate.limits import BACKSTOP_REMEDY, check_exposure_time
from hardware.gate.number import about, at_most, read, text
from hardware.ledger import plus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Dose, Exposure, MicroscopeConfig
    from hardware.ledger import DoseLedger


@dataclass(frozen=True, slots=True)
class LightBudget:
    """What a run may spend on light. None: no limit of this kind."""

    dose_per_fov_j_cm2: float | None = None
    exposure_per_fov_s: float | None = None
    total_dose_j_cm2: float | None = None


def check_light(
    config: MicroscopeConfig,
    budget: LightBudget,
    ledger: DoseLedger,
    exposures: Sequence[Exposure],
) -> Refusal | None:
    """Refuse exposures of which one is not allowed, or which together exceed a budget."""
    fovs: dict[str, Dose] = {}
    total = ledger.total()
    for number, exposure in enumerate(exposures, start=1):
        refusal = _check_one(config, exposure)
        if refusal is None:
            before = fovs.get(exposure.fov, ledger.fov(exposure.fov))
            fovs[exposure.fov] = plus(before, exposure)
            refusal = _check_budget(config, budget, exposure, before, total)
            total = plus(total, exposure)
        if refusal is not None:
            if len(exposures) > 1:
                what = f"{refusal.what}, exposure {number} of {len(exposures)}"
                refusal = replace(refusal, what=what)
            return refusal
    return None


def describe(exposure: Exposure) -> str:
    """The exposure in words: ``exposure = 20 ms of DAPI on A1``."""
    return f"exposure = {text(exposure.exposure_ms)} ms of {exposure.channel} on {exposure.fov}"


def _check_one(config: MicroscopeConfig, exposure: Exposure) -> Refusal | None:
    refusal = check_exposure_time(config, exposure.channel, exposure.exposure_ms)
    if refusal is not None:
        return refusal
    for name, value, unit in (  # they go into the ledger, whose columns hold numbers
        ("time", exposure.time_s, "s"),
        ("x", exposure.x_um, "um"),
        ("y", exposure.y_um, "um"),
        ("z", exposure.z_um, "um"),
        ("irradiance", exposure.irradiance_w_cm2, "W/cm2"),
    ):
        if name == "irradiance" and value is None:
            continue
        number = read(name, value, unit)
        if isinstance(number, Refusal):
            return number
    measured = config.irradiance_w_cm2(exposure.channel, exposure.objective)
    if exposure.irradiance_w_cm2 != measured:
        return Refusal(
            rule=Rule.LIGHT,
            what=f"{describe(exposure)} at {_irradiance(exposure.irradiance_w_cm2)}",
            limit=f'{_irradiance(measured)} with objective "{exposure.objective}"',
            remedy=(
                f"Count the light with channels.{exposure.channel}.irradiance_w_cm2"
                f' from the YAML of microscope "{config.name}".'
            ),
        )
    dose = exposure.dose_j_cm2
    if dose is not None and dose > backstop.MAX_EXPOSURE_J_CM2:
        return Refusal(
            rule=Rule.BACKSTOP,
            what=f"{describe(exposure)}, {about(dose)} J/cm2",
            limit=f"{text(backstop.MAX_EXPOSURE_J_CM2)} J/cm2 in one exposure",
            remedy=BACKSTOP_REMEDY,
        )
    return None


def _check_budget(
    config: MicroscopeConfig, budget: LightBudget, exposure: Exposure, fov: Dose, total: Dose
) -> Refusal | None:
    if budget.exposure_per_fov_s is not None and not at_most(
        fov.seconds + exposure.seconds, budget.exposure_per_fov_s
    ):
        return Refusal(
            rule=Rule.DOSE_FOV,
            what=f"{describe(exposure)}, after {about(fov.seconds)} s of light there",
            limit=f"{text(budget.exposure_per_fov_s)} s per field of view",
            remedy="Leave the field alone, or raise budget.exposure_per_fov_s in the plan.",
        )
    for spent, limit, key, rule, place in (
        (fov, budget.dose_per_fov_j_cm2, "dose_per_fov_j_cm2", Rule.DOSE_FOV, "there"),
        (total, budget.total_dose_j_cm2, "total_dose_j_cm2", Rule.DOSE_TOTAL, "in all"),
    ):
        if limit is None:
            continue
        scope = "per field of view" if rule is Rule.DOSE_FOV else "for the whole run"
        bound = f"{text(limit)} J/cm2 {scope}"
        dose = exposure.dose_j_cm2
        if dose is None or spent.j_cm2 is None:
            return _uncalibrated(config, exposure, bound, key)
        if not at_most(spent.j_cm2 + dose, limit):
            return Refusal(
                rule=rule,
                what=(
                    f"{describe(exposure)}, {about(dose)} J/cm2"
                    f" after {about(spent.j_cm2)} J/cm2 {place}"
                ),
                limit=bound,
                remedy=f"Use less light, or raise budget.{key} in the plan.",
            )
    return None


def _uncalibrated(config: MicroscopeConfig, exposure: Exposure, bound: str, key: str) -> Refusal:
    """A dose that nobody can compute is not zero: unknown is a refusal."""
    if exposure.dose_j_cm2 is None:
        what = (
            f"{describe(exposure)}: its irradiance"
            f' with objective "{exposure.objective}" is not known'
        )
    else:
        what = f"{describe(exposure)}: earlier light was counted without irradiance"
    return Refusal(
        rule=Rule.LIGHT,
        what=what,
        limit=bound,
        remedy=(
            f"Measure channels.{exposure.channel}.irradiance_w_cm2 for the YAML of microscope"
            f' "{config.name}", or replace budget.{key} by budget.exposure_per_fov_s.'
        ),
    )


def _irradiance(value: float | None) -> str:
    return "no known irradiance" if value is None else f"{text(value)} W/cm2"
