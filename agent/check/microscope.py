"""The microscope's YAML by itself, and against the Micro-Manager configuration it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.check.scope import refused
from agent.finding import Finding, Level, nearest
from hardware.gate.limits import check_objective

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.facts import InstrumentFacts
    from agent.check.scope import Scope


def findings(scope: Scope) -> Iterator[Finding]:
    """Limits that contradict each other; presets and devices that the instrument does not have."""
    yield from _objectives(scope)
    yield from _light(scope)
    if scope.facts is not None:
        yield from _groups(scope, scope.facts)
        yield from _start(scope, scope.facts)
        yield from _cfg(scope, scope.facts)


def _objectives(scope: Scope) -> Iterator[Finding]:
    objectives, stage = scope.config.objectives, scope.config.stage
    if objectives.allow_change and objectives.items:
        refusal = check_objective(scope.config, next(iter(objectives.items)))
        if refusal is not None:
            key = "objectives.retract_z_um"
            yield scope.in_microscope(Level.ERROR, key, *refused(refusal))
    for name, item in objectives.items.items():
        low, high = item.z_um
        if low < stage.z_um[0] or high > stage.z_um[1]:
            yield scope.in_microscope(
                Level.WARNING,
                f"objectives.items.{name}.z_um",
                f"{low:g} to {high:g} um reaches beyond stage.z_um"
                f" ({stage.z_um[0]:g} to {stage.z_um[1]:g} um), which holds as well",
                "make it the narrower of the two",
            )


def _light(scope: Scope) -> Iterator[Finding]:
    items = scope.config.objectives.items
    for name, channel in scope.config.channels.items():
        light = channel.irradiance_w_cm2
        if not isinstance(light, dict) or not items:
            continue
        for preset in light:
            if preset not in items:
                key = f"channels.{name}.irradiance_w_cm2.{preset}"
                message = f"no objective {preset} in objectives.items"
                yield scope.in_microscope(Level.ERROR, key, message, nearest(preset, list(items)))


def _groups(scope: Scope, facts: InstrumentFacts) -> Iterator[Finding]:
    config, cfg = scope.config, facts.mm_config.name
    wanted = {config.channel_group: ("channel_group", "channels", list(config.channels))}
    if config.objectives.items:
        listed = list(config.objectives.items)
        wanted[config.objectives.group] = ("objectives.group", "objectives.items", listed)
    for group, (group_key, key, listed) in wanted.items():
        if group not in facts.presets:
            message = f"no configuration group {group} in {cfg}"
            remedy = nearest(group, list(facts.presets))
            yield scope.in_microscope(Level.ERROR, group_key, message, remedy)
            continue
        presets = facts.presets[group]
        for name in listed:
            if name not in presets:
                message = f"no preset {name} in group {group} of {cfg}"
                yield scope.in_microscope(
                    Level.ERROR, f"{key}.{name}", message, nearest(name, presets)
                )
    for shutter in config.shutters:
        if shutter not in facts.devices:
            message = f"no device {shutter} in {cfg}"
            remedy = nearest(shutter, sorted(facts.devices))
            yield scope.in_microscope(Level.ERROR, "shutters", message, remedy)


def _start(scope: Scope, facts: InstrumentFacts) -> Iterator[Finding]:
    items = scope.config.objectives.items
    if items and facts.objective is not None and facts.objective not in items:
        yield scope.in_microscope(
            Level.ERROR,
            "objectives.items",
            f"the instrument starts with objective {facts.objective}, which is not listed:"
            " every move in z would be refused",
            f"list {facts.objective} with its z_um",
        )


def _cfg(scope: Scope, facts: InstrumentFacts) -> Iterator[Finding]:
    for found in facts.findings:
        remedy = found.remedy.rstrip(".")
        yield Finding(
            file=str(facts.mm_config),
            key="",
            level=Level(found.level.value),
            message=found.what,
            remedy=remedy[:1].lower() + remedy[1:],
            line=found.line,
        )
