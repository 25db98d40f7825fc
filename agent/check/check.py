"""All checks, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.check import (
    behaviour,
    channels,
    microscope,
    options,
    quota,
    room,
    stage,
    structure,
    timing,
    turret,
)
from agent.check.facts import instrument_facts
from agent.check.scope import Scope, Where, where
from agent.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agent.check.facts import InstrumentFacts
    from agent.load import LoadedMicroscope, LoadedPlan
    from agent.plan import Plan
    from hardware.data import MicroscopeConfig


def check(
    plan: Plan, config: MicroscopeConfig, *, facts: InstrumentFacts | None, where: Where
) -> list[Finding]:
    """Everything worth saying about a plan on a microscope; errors first.

    Without `facts` nothing is said about presets, objectives and disk of the instrument itself.
    """
    scope = Scope(plan, config, facts, where)
    found = [*microscope.findings(scope), *channels.findings(scope), *behaviour.findings(scope)]
    found += turret.findings(scope)
    shape = list(structure.findings(scope))
    found += shape
    if not errors(shape):  # else the baseline cannot be written out
        found += options.counted(scope)
        found += stage.findings(scope)
        found += timing.findings(scope)
        found += quota.findings(scope)
        found += room.findings(scope)
    order = list(Level)
    return sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.level))


def preflight(
    plan: LoadedPlan, microscope: LoadedMicroscope, *, out: Path | None = None
) -> list[Finding]:
    """`check` on loaded files, with what the Micro-Manager configuration's text says.

    `out` is where the run will be written. Raises ConfigError when that configuration is missing.
    """
    facts = instrument_facts(microscope, out=out)
    return check(plan.plan, microscope.config, facts=facts, where=where(plan, microscope))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that make `run` and `rehearse` refuse."""
    return [finding for finding in findings if finding.level is Level.ERROR]
