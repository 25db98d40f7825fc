"""What differs between two plans, key by key, in words with units. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from agent.change import words
from agent.expand import due_times, fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import useq

    from agent.plan import Plan

IMAGED, NOT_IMAGED = "imaged", "not imaged"
_ELSEWHERE = {  # parts of the baseline that are compared by what they mean
    "uid", "metadata", "stage_positions", "grid_plan", "channels", "time_plan",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One key: dotted, names in brackets (``baseline.channels[FITC].exposure``, ``fields[P3]``)."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """All keys that differ, in the plan's order.

    Attributes
    ----------
    paused, resumed : fields that are imaged no longer, or again.
    exposures : channels whose exposure differs, in the baseline or in a burst.
    """

    changes: tuple[Change, ...] = ()
    paused: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()
    exposures: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def touches(self, *keys: str) -> bool:
        """Whether a key, or one below it, is among the changes."""
        return any(within(change.key, key) for change in self.changes for key in keys)


def within(key: str, above: str) -> bool:
    """Whether a dotted key is `above` or below it."""
    return key == above or key.startswith((f"{above}.", f"{above}["))


def diff(old: Plan, new: Plan) -> PlanDiff:
    """Compare two plans; ValueError (of `agent.expand`) where one cannot be written out."""
    found: list[Change] = []
    for name in type(old).model_fields:
        if name == "baseline":
            found += _baseline(old, new)
        elif name == "reaction":
            found += _reaction(old, new)
        else:
            found += _section(name, getattr(old, name), getattr(new, name))
    before, after = {f.name for f in fields(old)}, {f.name for f in fields(new)}
    return PlanDiff(
        changes=tuple(found),
        paused=tuple(f.name for f in fields(old) if f.name not in after),
        resumed=tuple(f.name for f in fields(new) if f.name not in before),
        exposures=_exposures(old, new),
    )


def _section(key: str, old: object, new: object) -> Iterator[Change]:
    """One value, or the values of one section of ours."""
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        names = dict.fromkeys((*type(old).model_fields, *type(new).model_fields))
        for name in names:
            yield from _value(f"{key}.{name}", getattr(old, name, None), getattr(new, name, None))
    else:
        yield from _value(key, old, new)


def _value(key: str, old: object, new: object) -> Iterator[Change]:
    if old != new:
        yield Change(key, words.value(key, old), words.value(key, new))


def _baseline(old: Plan, new: Plan) -> Iterator[Change]:
    yield from _fields(old, new)
    yield from _channels(old.baseline.channels, new.baseline.channels)
    a, b = (words.rounds(due_times(plan)) for plan in (old, new))
    if due_times(old) != due_times(new):
        yield Change("baseline.time_plan", a, b)
    for name in type(old.baseline).model_fields:
        if name not in _ELSEWHERE:
            was, will = getattr(old.baseline, name), getattr(new.baseline, name)
            yield from _value(f"baseline.{name}", was, will)


def _fields(old: Plan, new: Plan) -> Iterator[Change]:
    before, after = {f.name: f for f in fields(old)}, {f.name: f for f in fields(new)}
    for name in dict.fromkeys((*before, *after)):
        a, b = before.get(name), after.get(name)
        if a is None or b is None:
            yield Change(
                f"fields[{name}]", IMAGED if a else NOT_IMAGED, IMAGED if b else NOT_IMAGED
            )
        elif a != b:
            at = [f"x {f.x_um:g}, y {f.y_um:g}, z {f.z_um:g} um" for f in (a, b)]
            yield Change(f"fields[{name}]", *at)


def _channels(old: tuple[useq.Channel, ...], new: tuple[useq.Channel, ...]) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    key = "baseline.channels"
    for name in dict.fromkeys((*before, *after)):
        a, b = before.get(name), after.get(name)
        if a is None or b is None:
            yield Change(f"{key}[{name}]", IMAGED if a else NOT_IMAGED, IMAGED if b else NOT_IMAGED)
            continue
        for part in type(a).model_fields:
            yield from _value(f"{key}[{name}].{part}", getattr(a, part), getattr(b, part))
    if set(before) == set(after) and list(before) != list(after):
        yield Change(key, ", ".join(before), ", ".join(after))


def _reaction(old: Plan, new: Plan) -> Iterator[Change]:
    for name in type(old.reaction).model_fields:
        was, will = getattr(old.reaction, name), getattr(new.reaction, name)
        if name != "channels":
            yield from _value(f"reaction.{name}", was, will)
        elif was != will:
            a, b = (words.channels(c) if c else "the baseline's" for c in (was, will))
            yield Change("reaction.channels", a, b)


def _exposures(old: Plan, new: Plan) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for burst in (False, True):
        before, after = (
            _by_name((plan.reaction.channels if burst else ()) or plan.baseline.channels)
            for plan in (old, new)
        )
        for name, channel in after.items():
            if name in before and before[name].exposure != channel.exposure:
                found[name] = None
    return tuple(found)


def _by_name(given: tuple[useq.Channel, ...]) -> Mapping[str, useq.Channel]:
    return {channel.config: channel for channel in given}
