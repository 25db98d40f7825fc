"""Places: inside the limits with every plane and focus sweep, and not on top of each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.check.scope import first_few, refused
from agent.duration import sweep_steps
from agent.expand import event_templates, fields, turns
from agent.finding import Finding, Level
from agent.places import places, safe_name
from hardware.data import FieldOfView, ObjectivesConfig, VisitKind
from hardware.gate.limits import check_xy, check_z

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope
    from hardware.data import MicroscopeConfig, Refusal


def findings(scope: Scope) -> Iterator[Finding]:
    """What is wrong with where the plan goes."""
    found = list(zip((p.key for p in places(scope.plan.baseline)), fields(scope.plan), strict=True))
    yield from first_few(_outside(scope, found), scope, "positions outside the limits")
    yield from _plane_steps(scope)
    yield from _renamed(scope)
    yield from _overlaps(scope, found)


def _outside(scope: Scope, found: list[tuple[str, FieldOfView]]) -> Iterator[Finding]:
    extents = _z_extents(scope)
    for key, fov in found:
        refusal = check_xy(scope.config, fov.x_um, fov.y_um)
        if refusal is not None:
            axis = refusal.what.partition(" ")[0]
            yield _place(scope, f"{key}.{axis}", fov, "", refusal)
        for extent in extents:
            shift_um = 0.0 if extent.absolute else fov.z_um
            for z_um in dict.fromkeys((shift_um + extent.low_um, shift_um + extent.high_um)):
                refusal = _check_z(scope, z_um, extent.objective)
                if refusal is not None:
                    yield _place(scope, extent.key or f"{key}.z", fov, extent.what, refusal)
                    break


def _place(scope: Scope, key: str, fov: FieldOfView, what: str, refusal: Refusal) -> Finding:
    message, remedy = refused(refusal)
    return scope.in_plan(Level.ERROR, key, f"{fov.name}: {what}{message}", remedy)


@dataclass(frozen=True, slots=True)
class _Extent:
    """Lowest and highest z (um) of a visit, or of a focus sweep, with an objective."""

    what: str
    key: str
    low_um: float
    high_um: float
    absolute: bool
    objective: str | None


def _z_extents(scope: Scope) -> list[_Extent]:
    """Of the baseline, of bursts, and of focus sweeps in both."""
    plan, home = scope.plan, scope.home
    absolute = plan.baseline.z_plan is not None and not plan.baseline.z_plan.is_relative
    extents = [_planes_of(scope, VisitKind.BASELINE, "", home, absolute)]
    burst = plan.reaction.objective if turns(plan, home or "") else home
    of_burst = absolute and plan.reaction.z_plan is None
    extents.append(_planes_of(scope, VisitKind.REACTION, "a burst: ", burst, of_burst))
    same = replace(extents[1], what="", key=extents[0].key)
    if same == extents[0]:
        extents.pop()
    if plan.autofocus is not None and not absolute:
        coarse, _ = sweep_steps(plan.autofocus)
        half = (coarse - 1) / 2 * plan.autofocus.coarse_step_um
        for objective in dict.fromkeys((home, burst)):
            sweep = _Extent("focus sweep to ", "autofocus.range_um", -half, half, False, objective)
            extents.append(sweep)
    return extents


def _planes_of(
    scope: Scope, kind: VisitKind, what: str, objective: str | None, absolute: bool
) -> _Extent:
    nowhere = FieldOfView("", 0.0, 0.0, 0.0)
    zs = [float(event.z_pos or 0.0) for event in event_templates(scope.plan, nowhere, kind)]
    key = "" if scope.plan.baseline.z_plan is None else "baseline.z_plan"
    if kind is VisitKind.REACTION and scope.plan.reaction.z_plan is not None:
        key = "reaction.z_plan"
    return _Extent(what, key if len(zs) > 1 else "", min(zs), max(zs), absolute, objective)


def _check_z(scope: Scope, z_um: float, objective: str | None) -> Refusal | None:
    if objective is None or objective not in scope.config.objectives.items:
        return check_z(_any_objective(scope.config), z_um, "")
    return check_z(scope.config, z_um, objective)


def _any_objective(config: MicroscopeConfig) -> MicroscopeConfig:
    """The stage's own limits: nobody knows yet which objective will be in place."""
    return config.model_copy(update={"objectives": ObjectivesConfig()})


def _plane_steps(scope: Scope) -> Iterator[Finding]:
    rising = scope.config.stage.toward_sample == "increasing"
    cap = scope.config.stage.max_step_toward_sample_um
    for part in ("baseline", "reaction"):
        planes = list(getattr(scope.plan, part).z_plan or ())
        steepest = max(((b - a) if rising else (a - b) for a, b in pairwise(planes)), default=0.0)
        if steepest > cap * (1 + 1e-9):
            message = f"planes are {steepest:g} um apart toward the sample"
            message += f" (limit: {cap:g} um at once)"
            remedy = "take a smaller step, or go_up the other way"
            yield scope.in_plan(Level.ERROR, f"{part}.z_plan", message, remedy)


def _renamed(scope: Scope) -> Iterator[Finding]:
    named = [p for p in scope.plan.baseline.stage_positions if getattr(p, "name", None)]
    changed = [str(p.name) for p in named if p.name and safe_name(p.name) != p.name]
    if changed:
        message = f"{changed[0]!r} will be called {safe_name(changed[0])!r} in files"
        if len(changed) > 1:
            message += f", and {len(changed) - 1} more"
        remedy = "use letters, digits, . _ and - in names"
        yield scope.in_plan(Level.NOTE, "baseline.stage_positions", message, remedy)


def _overlaps(scope: Scope, found: list[tuple[str, FieldOfView]]) -> Iterator[Finding]:
    width_um, height_um = _image_um(scope)
    pairs = _near_pairs([fov for _, fov in found], width_um, height_um)
    if not pairs:
        return
    a, b = pairs[0]
    same = (a.x_um, a.y_um) == (b.x_um, b.y_um)
    message = f"{b.name} {'is the same place as' if same else 'overlaps'} {a.name}"
    if len(pairs) > 1:
        message += f", and {len(pairs) - 1} more pairs"
    if not same:
        message += f" (one image is {width_um:g} x {height_um:g} um)"
    key = next(key for key, fov in found if fov is b)
    yield scope.in_plan(
        Level.WARNING,
        key,
        f"{message}: light adds up there, but the dose is counted for each field by itself",
        "move them apart, or lower budget.dose_per_fov_j_cm2",
    )


def _image_um(scope: Scope) -> tuple[float, float]:
    """Width and height of one image (um); next to nothing where it is not known."""
    facts = scope.facts
    pixel_um = None if facts is None else facts.pixel_sizes_um.get(scope.home or "")
    if facts is None or facts.frame is None or pixel_um is None:
        return 1e-6, 1e-6  # then only fields at the very same place overlap
    return facts.frame.width * pixel_um, facts.frame.height * pixel_um


def _near_pairs(
    fovs: list[FieldOfView], width_um: float, height_um: float
) -> list[tuple[FieldOfView, FieldOfView]]:
    """Pairs whose images share at least a hundredth of their width and height."""
    width_um, height_um = 0.99 * width_um, 0.99 * height_um
    cells: dict[tuple[int, int], list[FieldOfView]] = {}
    pairs = []
    for fov in fovs:
        column, row = math.floor(fov.x_um / width_um), math.floor(fov.y_um / height_um)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                pairs += [
                    (other, fov)
                    for other in cells.get((column + dx, row + dy), [])
                    if abs(other.x_um - fov.x_um) < width_um
                    and abs(other.y_um - fov.y_um) < height_um
                ]
        cells.setdefault((column, row), []).append(fov)
    return pairs
