"""Channels and exposures, wherever the plan names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.check.scope import refused
from agent.finding import Finding, Level, nearest
from hardware.gate.limits import check_exposure_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import useq

    from agent.check.scope import Scope


def findings(scope: Scope) -> Iterator[Finding]:
    """Presets that do not exist, exposures that are missing or too long, and what is ignored."""
    plan = scope.plan
    stack = plan.baseline.z_plan is not None
    yield from _listed(scope, "baseline.channels", plan.baseline.channels, stack)
    stack = stack or plan.reaction.z_plan is not None
    yield from _listed(scope, "reaction.channels", plan.reaction.channels, stack)
    if plan.autofocus is not None:
        focus = plan.autofocus
        unknown = unknown_preset(scope, focus.channel)
        if unknown:
            yield scope.in_plan(Level.ERROR, "autofocus.channel", *unknown)
        else:
            yield from _exposure(scope, "autofocus.exposure_ms", focus.channel, focus.exposure_ms)


def unknown_preset(scope: Scope, name: str) -> tuple[str, str] | None:
    """Why a channel cannot be used, and what to do; None when it can."""
    config, facts = scope.config, scope.facts
    presets = facts.presets.get(config.channel_group) if facts is not None else None
    usable = [n for n in config.channels if presets is None or n in presets]
    if name in usable:
        return None
    if facts is not None and presets is not None and name not in presets:
        message = f"no preset {name} in group {config.channel_group} of {facts.mm_config.name}"
        return message, nearest(name, usable)
    if presets is not None and name in presets:
        message = f"the microscope has a preset {name}, but {scope.where.microscope} has no limits"
        return message, f"add channels.{name} there, with max_exposure_ms"
    return f"no channel {name} in {scope.where.microscope}", nearest(name, usable)


def _listed(
    scope: Scope, key: str, channels: Sequence[useq.Channel], stack: bool
) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, channel in enumerate(channels):
        here = f"{key}[{number}]"
        yield from _one(scope, here, channel, stack)
        if channel.config in seen:
            message = f"{channel.config} is there twice (first in {key}[{seen[channel.config]}])"
            yield scope.in_plan(Level.ERROR, f"{here}.config", message, "list each channel once")
        seen.setdefault(channel.config, number)


def _one(scope: Scope, key: str, channel: useq.Channel, stack: bool) -> Iterator[Finding]:
    group = scope.config.channel_group
    if channel.group != group:
        message = f"group {channel.group}, but the microscope's channel_group is {group}"
        yield scope.in_plan(Level.ERROR, f"{key}.group", message, f"write {group}")
    unknown = unknown_preset(scope, channel.config)
    if unknown:
        yield scope.in_plan(Level.ERROR, f"{key}.config", *unknown)
    if channel.exposure is None:
        message = "missing; the camera's current exposure would be anybody's guess"
        yield scope.in_plan(Level.ERROR, f"{key}.exposure", message, "give it in ms")
    elif not unknown:
        yield from _exposure(scope, f"{key}.exposure", channel.config, channel.exposure)
    if channel.camera is not None:
        message = f"camera {channel.camera}: this version images with the current camera only"
        yield scope.in_plan(Level.ERROR, f"{key}.camera", message, "remove it")
    if channel.acquire_every != 1:
        message = f"every {channel.acquire_every} time points: a visit images all its channels"
        remedy = "remove acquire_every, or list the channel under reaction.channels only"
        yield scope.in_plan(Level.ERROR, f"{key}.acquire_every", message, remedy)
    if channel.z_offset and not stack:
        message = f"{channel.z_offset:g} um: useq applies it only within a z plan"
        remedy = f"add {key.partition('.')[0]}.z_plan: {{relative: [0]}}"
        yield scope.in_plan(Level.ERROR, f"{key}.z_offset", message, remedy)


def _exposure(scope: Scope, key: str, channel: str, exposure_ms: float) -> Iterator[Finding]:
    refusal = check_exposure_time(scope.config, channel, exposure_ms)
    if refusal is not None:
        yield scope.in_plan(Level.ERROR, key, *refused(refusal))
