"""Tables of keys from pydantic models: key, what it may be, default, meaning."""

from __future__ import annotations

import types
from enum import Enum
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as at
import yaml
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

HEAD = "| Key | Value | Default | Meaning |\n|---|---|---|---|"
SIGNS = ((at.Gt, ">", "gt"), (at.Ge, ">=", "ge"), (at.Lt, "<", "lt"), (at.Le, "<=", "le"))
UNITS = (  # of keys that end in them, the longest first
    ("_um_per_s", "um/s"),
    ("_moves_per_s", "1/s"),
    ("_per_s", "1/s"),
    ("_j_cm2", "J/cm2"),
    ("_w_cm2", "W/cm2"),
    ("_ms", "ms"),
    ("_um", "um"),
    ("_gb", "GB"),
    ("_s", "s"),
)
NAMES = {float: "number", int: "whole number", str: "text", bool: "true or false"}


def words() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Model name -> key -> (unit, meaning)."""
    text = (files("agent.docs") / "words.yaml").read_text(encoding="utf-8")
    return {
        model: {key: _split(value) for key, value in keys.items()}
        for model, keys in yaml.safe_load(text).items()
    }


def table(model: type[BaseModel]) -> str:
    """A Markdown table of a model's own keys. KeyError where a key has no words.

    The words are the field's description, or those of words.yaml.
    """
    said = words().get(model.__name__, {})
    rows = [HEAD]
    for key, field in model.model_fields.items():
        if field.description:
            unit, meaning = unit_of(key), " ".join(field.description.split())
        else:
            unit, meaning = said[key]
        value = _value(field)
        shown = f"{value}, {unit}" if unit else value
        rows.append(f"| `{key}` | {_cell(shown)} | {_cell(_default(field))} | {_cell(meaning)} |")
    return "\n".join(rows)


def unit_of(key: str) -> str:
    """The unit that a key's ending names, "" for none."""
    return next((unit for ending, unit in UNITS if key.endswith(ending)), "")


def parts(model: type[BaseModel], key: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The model and every model of ours below it, each with its dotted key, in order."""
    yield key, model
    for name, field in model.model_fields.items():
        for below in _models(field.annotation):
            if below.__module__.split(".")[0] in ("agent", "hardware", "sim", "policies"):
                yield from parts(below, f"{key}.{name}" if key else name)


def _split(text: str) -> tuple[str, str]:
    unit, _, meaning = text.partition("|")
    return unit.strip(), meaning.strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _value(field: FieldInfo) -> str:
    """What a key may hold: choices, a kind of number with its bounds, a section."""
    return _kind(field.annotation, tuple(field.metadata))


def _kind(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    if get_origin(annotation) is not None:
        return _compound(get_origin(annotation), get_args(annotation), metadata)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(item.value) for item in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return f"{NAMES.get(annotation, 'text')}{_bounds(metadata)}"


def _compound(origin: Any, arguments: tuple[Any, ...], metadata: tuple[Any, ...]) -> str:
    if origin is Annotated:
        return _kind(arguments[0], (*metadata, *arguments[1:]))
    if origin is Literal:
        return " | ".join(str(item) for item in arguments)
    if origin in (Union, types.UnionType):
        given = [item for item in arguments if item is not type(None)]
        return " or ".join(dict.fromkeys(_kind(item, metadata) for item in given))
    if origin is dict:
        return "section with names"
    if arguments[-1] is Ellipsis:
        return "list"
    return f"[{', '.join(_kind(item) for item in arguments)}]"


def _bounds(metadata: tuple[Any, ...]) -> str:
    """``> 0``, ``0 to 1``; pydantic keeps nested Field constraints in `metadata` of a FieldInfo."""
    flat: list[Any] = []
    for item in metadata:
        flat += getattr(item, "metadata", [item])
    found = {
        sign: getattr(item, name)
        for item in flat
        for kind, sign, name in SIGNS
        if isinstance(item, kind)
    }
    if set(found) == {">=", "<="}:
        return f" {found['>=']:g} to {found['<=']:g}"
    return " and".join(f" {sign} {value:g}" for sign, value in found.items())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        chosen = getattr(value, "policy", getattr(value, "kind", None))
        return str(chosen) if chosen and len(list(_models(field.annotation))) > 1 else "see below"
    if isinstance(value, tuple | dict):
        shown = [f"{v:g}" if isinstance(v, float) else str(v) for v in value]
        pair = isinstance(value, tuple) and value
        return f"[{', '.join(shown)}]" if pair else ", ".join(shown) or "empty"
    plain = f"{value:g}" if isinstance(value, float) else str(value)
    return {"None": "none", "": "empty", "True": "true", "False": "false"}.get(plain, plain)
