"""What of useq this version does not do: named, never silently left out.

A visit is all channels x z of one field at one moment. So time comes first in the axis order, then
places, then channels and planes; and nothing sets devices or holds shutters open past the gate.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import useq
from useq import Axis

from agent.check import rounds
from agent.check.scope import first_few
from agent.finding import Finding, Level, join, one_line
from agent.places import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope
    from agent.places import Place

MOST_FIELDS = 20_000
MOST_PLANES = 2_000
MOST_VISITS = 2_000_000
_GRIDS = (
    useq.GridFromEdges,
    useq.GridFromPolygon,
    useq.GridRowsColumns,
    useq.GridWidthHeight,
    useq.RandomPoints,
)


def findings(scope: Scope) -> Iterator[Finding]:
    """Everything that keeps the baseline from being written out as visits. Errors first."""
    numbers = scope.plan.baseline.model_dump(exclude={"metadata"})
    before = list(first_few(_not_finite(scope, numbers, "baseline"), scope, "such numbers"))
    if not before and scope.plan.reaction.z_plan is not None:
        numbers = scope.plan.reaction.z_plan.model_dump()
        before = list(_not_finite(scope, numbers, "reaction.z_plan"))
    if not before:
        before = [*_not_done(scope), *_axes(scope), *_grids(scope)]
        before += [*_planes(scope, "baseline"), *_planes(scope, "reaction")]
        before += rounds.findings(scope)
    yield from before
    if any(finding.level is Level.ERROR for finding in before):
        return  # else a grid without a seed, or an endless one, would be expanded
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # useq gives fewer points than asked, and warns
        found = places(scope.plan.baseline)
    for warning in caught:
        message = one_line(str(warning.message))
        yield _error(scope, "baseline.stage_positions", message, "ask for fewer points")
    yield from _positions(scope, found)
    visits = len(found) * rounds.count(scope.plan.baseline.time_plan)
    if visits > MOST_VISITS:
        message = f"{visits:,} visits; at most {MOST_VISITS:,} fit into one run"
        yield _error(scope, "baseline.time_plan", message, "take a longer interval or fewer fields")


def _error(scope: Scope, key: str, message: str, remedy: str) -> Finding:
    return scope.in_plan(Level.ERROR, key, message, remedy)


def _not_finite(scope: Scope, value: object, key: str) -> Iterator[Finding]:
    """NaN and infinity in a plan that did not come from a file."""
    if isinstance(value, float) and not math.isfinite(value):
        yield _error(scope, key, f"{value} is not a finite number", "give a number")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _not_finite(scope, item, join(key, name))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _not_finite(scope, item, join(key, number))


def _not_done(scope: Scope) -> Iterator[Finding]:
    baseline = scope.plan.baseline
    if not baseline.channels:
        remedy = "add at least one, with config (preset) and exposure (ms)"
        yield _error(scope, "baseline.channels", "no channels: nothing to image", remedy)
    if baseline.autofocus_plan is not None:
        message = "hardware autofocus is not supported by this version"
        remedy = "use the plan's own autofocus: (software), or leave it out"
        yield _error(scope, "baseline.autofocus_plan", message, remedy)
    if baseline.setup is not None:
        message = "setting device properties would go round the safety limits"
        remedy = "put them into a preset or System-Startup of the Micro-Manager configuration"
        yield _error(scope, "baseline.setup", message, remedy)
    if baseline.keep_shutter_open_across:
        message = "light between exposures would be in no dose"
        yield _error(scope, "baseline.keep_shutter_open_across", message, "remove it")
    if isinstance(baseline.stage_positions, useq.WellPlatePlan):
        return
    for number, position in enumerate(baseline.stage_positions):
        key = f"baseline.stage_positions[{number}]"
        if position.sequence is not None:
            message = "a position cannot have its own sequence: every field is imaged alike"
            remedy = "remove it; for grids use baseline.grid_plan"
            yield _error(scope, f"{key}.sequence", message, remedy)
        if position.properties:
            message = "setting device properties would go round the safety limits"
            yield _error(scope, f"{key}.properties", message, "remove it")


def _axes(scope: Scope) -> Iterator[Finding]:
    baseline = scope.plan.baseline
    order = "".join(baseline.axis_order)
    used = {
        Axis.TIME: ("time_plan", baseline.time_plan is not None),
        Axis.POSITION: ("stage_positions", bool(baseline.stage_positions)),
        Axis.GRID: ("grid_plan", baseline.grid_plan is not None),
        Axis.CHANNEL: ("channels", bool(baseline.channels)),
        Axis.Z: ("z_plan", baseline.z_plan is not None),
    }
    remedy = "write tpgcz (or tpgzc: all channels at each plane)"
    for axis, (name, is_used) in used.items():
        if is_used and str(axis) not in order:
            message = f"{order} leaves out {axis}: baseline.{name} would be ignored"
            yield _error(scope, "baseline.axis_order", message, remedy)
    rank = {"t": 0, "p": 1, "g": 1, "c": 2, "z": 2}
    present = [letter for letter in order if used[Axis(letter)][1]]
    ranks = [rank[letter] for letter in present]
    if ranks != sorted(ranks):
        message = f"{order}: a visit is all channels and planes of one field at one time"
        yield _error(scope, "baseline.axis_order", message, remedy)


def _grids(scope: Scope) -> Iterator[Finding]:
    baseline = scope.plan.baseline
    plans: list[tuple[str, object]] = [("baseline.grid_plan", baseline.grid_plan)]
    count = 1
    if isinstance(baseline.stage_positions, useq.WellPlatePlan):
        plate = baseline.stage_positions
        plans.append(("baseline.stage_positions.well_points_plan", plate.well_points_plan))
        count = len(plate.selected_wells[0]) if plate.selected_wells else 0
    elif baseline.stage_positions:
        count = len(baseline.stage_positions)
    for key, plan in plans:
        if not isinstance(plan, _GRIDS):
            continue
        unsized = plan.fov_width is None or plan.fov_height is None
        if isinstance(plan, useq.RandomPoints):
            if plan.random_seed is None:
                message = "missing: a resumed run would go to other places"
                yield _error(scope, f"{key}.random_seed", message, "give any whole number")
            unsized = unsized and not plan.allow_overlap
        if unsized:
            message = "missing: the spacing of the grid would be 1 um"
            remedy = "give fov_width and fov_height, the size of one image in um"
            yield _error(scope, f"{key}.fov_width", message, remedy)
            continue
        if isinstance(plan, useq.RandomPoints):
            count *= plan.num_points
        elif max(plan.overlap) >= 100:
            message = f"{max(plan.overlap):g} %: the grid would not advance"
            yield _error(scope, f"{key}.overlap", message, "give less than 100 %")
            return
        else:
            count *= plan.num_positions()
    if count > MOST_FIELDS:
        message = f"{count:,} fields of view; at most {MOST_FIELDS:,} fit into one run"
        yield _error(scope, "baseline.stage_positions", message, "take fewer")


def _planes(scope: Scope, part: str) -> Iterator[Finding]:
    section = getattr(scope.plan, part)
    plan, key = section.z_plan, f"{part}.z_plan"
    if plan is None:
        return
    if part == "reaction" and not plan.is_relative:
        message = "absolute z would be the same for every field"
        remedy = "give range, above and below, or relative: planes round the field's own z"
        yield _error(scope, key, message, remedy)
        return
    step = getattr(plan, "step", None)
    if step is not None and step <= 0:
        message = f"{step:g} um must be above 0"
        yield _error(scope, f"{key}.step", message, "give the distance of planes in um")
        return
    planes = plan.num_positions()
    if planes < 1:
        yield _error(scope, key, "no planes", "check top, bottom and range")
    elif planes > MOST_PLANES:
        message = f"{planes:,} planes; at most {MOST_PLANES:,}"
        yield _error(scope, key, message, "take a larger step")
    elif (taken := len(tuple(plan))) <= planes // 2:
        for number, channel in enumerate(section.channels):
            if not channel.do_stack:
                message = f"{channel.config} at plane {planes // 2 + 1}, but useq takes {taken}"
                remedy = "make the z plan's range a multiple of its step"
                yield _error(scope, f"{part}.channels[{number}].do_stack", message, remedy)


def _positions(scope: Scope, found: tuple[Place, ...]) -> Iterator[Finding]:
    if not found:
        message = "no positions: there is no default place"
        remedy = "list at least one, with x, y and z in um"
        yield _error(scope, "baseline.stage_positions", message, remedy)
        return
    yield from first_few(_missing(scope, found), scope, "missing coordinates")
    if isinstance(scope.plan.baseline.stage_positions, useq.WellPlatePlan):
        return
    seen: dict[str, int] = {}
    for number, position in enumerate(scope.plan.baseline.stage_positions):
        if position.name is None:
            continue
        folded = position.name.casefold()
        if folded in seen:
            key = f"baseline.stage_positions[{number}].name"
            message = f"{position.name} is the name of stage_positions[{seen[folded]}] already"
            yield _error(scope, key, message, "give every position its own name")
        seen.setdefault(folded, number)


def _missing(scope: Scope, found: tuple[Place, ...]) -> Iterator[Finding]:
    plate = isinstance(scope.plan.baseline.stage_positions, useq.WellPlatePlan)
    for key in dict.fromkeys(place.key for place in found):
        place = next(p for p in found if p.key == key)
        for axis in "xyz":
            if getattr(place, f"{axis}_um") is not None:
                continue
            if plate:
                message = "a well plate plan says no z, and useq would take 0"
                remedy = "give well_points_plan: {x: 0, y: 0, z: ...}, or a z_plan with top, bottom"
                yield _error(scope, key, message, remedy)
            else:
                message = "missing: every position needs x, y and z"
                remedy = "give it in um, as the stage reads there"
                yield _error(scope, f"{key}.{axis}", message, remedy)
