"""What `check` says and `run`, `rehearse` and `replay` refuse on: one list for all of them."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.check import check, errors, where
from agent.estimate import estimate
from agent.finding import ConfigError, Finding, Level
from hardware.disk import GB, RESERVE_BYTES, free_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.check import InstrumentFacts
    from agent.load import LoadedMicroscope, LoadedPlan
    from agent.plan import Plan
    from hardware.data import MicroscopeConfig

RUNS = Path("runs")  # where runs are written unless --out says otherwise


def look_over(
    loaded: LoadedPlan, microscope: LoadedMicroscope, facts: InstrumentFacts, out: Path | None
) -> list[Finding]:
    """Plan, microscope and the place where the run will be written; errors first."""
    place = RUNS if out is None else out
    found = check(
        loaded.plan,
        microscope.config,
        facts=dataclasses.replace(facts, free_bytes=None),  # the room is looked at here
        where=where(loaded, microscope),
    )
    if out is not None and (out.exists() or out.is_symlink()):
        message = "exists already; nothing was written"
        remedy = "choose another --out, or resume it"
        found.insert(0, Finding(str(out), "", Level.ERROR, message, remedy))
    if not errors(found):  # else there may be no baseline to estimate
        binning = loaded.plan.camera.binning
        frame_bytes = facts.frame.binned(binning).bytes if facts.frame else None
        found = [*room(loaded.plan, microscope.config, place, frame_bytes), *found]
    return found


def room(
    plan: Plan, config: MicroscopeConfig, place: Path, frame_bytes: int | None
) -> list[Finding]:
    """An error where the baseline does not fit, or nothing does (unknown `frame_bytes`)."""
    takes = estimate(plan, config, frame_bytes=frame_bytes)
    needed, free = takes.disk_bytes or 0, free_bytes(place)
    if free - needed >= RESERVE_BYTES:
        return []
    message = f"{free / GB:.3g} GB free here, {RESERVE_BYTES / GB:.3g} GB of it reserved"
    if frame_bytes is not None:
        message += f"; the baseline's {takes.frames:,} frames take up to {needed / GB:.3g} GB"
    remedy = "free some space, write elsewhere (--out), or take fewer frames"
    return [Finding(str(place), "", Level.ERROR, message, remedy)]


def refuse_on_errors(findings: Sequence[Finding]) -> None:
    """Warnings go to stderr; errors are raised together, before anything is opened or written."""
    found = errors(findings)
    if found:
        raise ConfigError(found)
    for finding in findings:
        if finding.level is Level.WARNING:
            print(f"warning: {finding}", file=sys.stderr)
