"""Compares raw YAML data with pydantic models before pydantic reads it.

useq's models ignore unknown keys and accept NaN; pydantic accepts ``true`` for 1.0 and reports one
error for every member of a union. Here every level is held to its model: unknown keys are faults
with the nearest known one, numbers must be finite numbers, and of a union the member is chosen that
the data resemble most.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import useq
from pydantic import BaseModel

from agent.finding import join, nearest, short

if TYPE_CHECKING:
    from collections.abc import Iterator

Type: TypeAlias = Any  # a type annotation, in whichever form typing gives it

UNKNOWN = "unknown key"
_DURATION = ("days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "weeks")
_POSITION_ALIASES = ("row", "col")  # accepted by useq before its fields were renamed


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place at which the data do not fit the model."""

    key: str
    message: str
    remedy: str


def misfits(data: object, kind: Type, key: str = "") -> Iterator[Misfit]:
    """Every unknown key and every number that is none, with its dotted key."""
    kind = _plain(kind)
    if data is None or kind is Any:
        return
    if is_union(kind):
        yield from _union_misfits(data, kind, key)
    elif is_model(kind):
        yield from _model_misfits(data, kind, key)
    elif origin(kind) in (dict, Mapping) and isinstance(data, dict):
        for name, value in data.items():
            yield from misfits(value, get_args(kind)[1], join(key, name))
    elif origin(kind) in (tuple, list, Sequence) and isinstance(data, list):
        for number, value in enumerate(data):
            yield from misfits(value, item_type(kind, number), join(key, number))
    elif kind is timedelta and isinstance(data, dict):
        yield from _unknown(data, _DURATION, key)
        for name, value in data.items():
            yield from _number(value, join(key, name))
    elif kind in (int, float, timedelta):
        yield from _number(data, key)


def _union_misfits(data: object, union: Type, key: str) -> Iterator[Misfit]:
    chosen = choose(data, union)
    if is_model(chosen) and isinstance(data, dict) and not _known(data, chosen):
        models = [_plain(member) for member in get_args(union) if is_model(_plain(member))]
        yield from _unknown(
            data, list(dict.fromkeys(k for m in models for k in model_fields(m))), key
        )
    else:
        yield from misfits(data, chosen, key)


def choose(data: object, union: Type) -> Type:
    """The member of a union that the data resemble most."""
    members = [_plain(member) for member in get_args(_plain(union))]
    members = [member for member in members if member is not type(None)]
    if isinstance(data, dict):
        models = [member for member in members if is_model(member)]
        if models:
            return max(models, key=lambda model: _likeness(data, model))
        return next((m for m in members if origin(m) is dict or m is dict), members[0])
    if isinstance(data, list):
        lists = [m for m in members if origin(m) in (tuple, list, Sequence)]
        phases = [m for m in members if m is useq.MultiPhaseTimePlan]
        return (lists or phases or members)[0]
    plain = [m for m in members if not is_model(m) and origin(m) is None]
    return (plain or members)[0]


def model_fields(model: type[BaseModel]) -> dict[str, Type]:
    """Every key that a model accepts, with what it should hold."""
    accepted: dict[str, Type] = {}
    for name, field in model.model_fields.items():
        for alias in (name, field.alias, field.validation_alias):
            if isinstance(alias, str):
                accepted[alias] = field.annotation
    return accepted


def _model_misfits(data: object, model: type[BaseModel], key: str) -> Iterator[Misfit]:
    if model is useq.MultiPhaseTimePlan and isinstance(data, list):
        data = {"phases": data}  # useq's short form; phases keep their own index
        yield from misfits(data["phases"], model.model_fields["phases"].annotation, key)
        return
    if model is useq.WellPlate and isinstance(data, str | int):
        plates = [str(plate) for plate in useq.registered_well_plate_keys()]
        if str(data) not in plates and f"{data}-well" not in plates:
            yield Misfit(key, f"plate {short(data)} is not known", nearest(str(data), plates))
    if not isinstance(data, dict):
        return  # a short form ("DAPI" for a channel), or wrong: pydantic says which
    accepted = model_fields(model)
    aliases = _POSITION_ALIASES if issubclass(model, _POSITIONS) else ()
    yield from _unknown(data, (*accepted, *aliases), key)
    for name, value in data.items():
        if model is useq.MDASequence and name == "axis_order":
            yield from _axis_order(value, join(key, name))
        elif name in accepted and not (model is useq.MDASequence and name == "metadata"):
            yield from misfits(value, accepted[name], join(key, name))


_POSITIONS = (useq.AbsolutePosition, useq.RelativePosition)


def _axis_order(value: object, key: str) -> Iterator[Misfit]:
    letters = "".join(str(v) for v in value) if isinstance(value, list) else str(value)
    if set(letters.lower()) - set("tpgcz") or len(set(letters.lower())) < len(letters):
        message = f"{short(value)} is not an order of the axes t, p, g, c, z, each at most once"
        yield Misfit(key, message, "write tpgcz")


def _unknown(data: dict[str, Any], known: Sequence[str], key: str) -> Iterator[Misfit]:
    for name in data:
        if name not in known:
            yield Misfit(join(key, name), UNKNOWN, nearest(str(name), known))


def _number(value: object, key: str) -> Iterator[Misfit]:
    if isinstance(value, bool):
        yield Misfit(key, f"{str(value).lower()} is not a number", "write a number")
        return
    if not isinstance(value, int | float | str):
        return
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return  # text: pydantic says what it wants
    if not math.isfinite(number):
        yield Misfit(key, f"{short(value)} is not a finite number", "write a number")


def _likeness(data: dict[str, Any], model: type[BaseModel]) -> tuple[int, int, int]:
    """Tag first, then known keys, then as few required keys missing as can be."""
    tag = 0
    for name, field in model.model_fields.items():
        if origin(field.annotation) is Literal and name in data:
            tag += data[name] in get_args(field.annotation)
    missing = sum(f.is_required() and n not in data for n, f in model.model_fields.items())
    return tag, _known(data, model), -missing


def _known(data: dict[str, Any], model: type[BaseModel]) -> int:
    accepted = model_fields(model)
    return sum(name in accepted for name in data)


def origin(kind: Type) -> Any:
    """`typing.get_origin`, for any form of annotation."""
    return get_origin(kind)


def _plain(kind: Type) -> Type:
    while origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def is_union(kind: Type) -> bool:
    """True for ``A | B`` and its older forms."""
    return origin(kind) in (Union, types.UnionType)


def is_model(kind: Type) -> typing.TypeGuard[type[BaseModel]]:
    """True for a pydantic model class."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def item_type(kind: Type, number: int) -> Type:
    """What entry `number` of a list or tuple should hold."""
    items = get_args(kind)
    if origin(kind) is not tuple or Ellipsis in items:
        return items[0] if items else Any
    return items[number] if number < len(items) else Any
