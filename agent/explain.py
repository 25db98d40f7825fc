"""Says in one line, with key and remedy, what pydantic has to say about a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError

from agent.finding import join, nearest, one_line, short
from agent.shape import Misfit, Type, choose, is_model, is_union, item_type, model_fields, origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

Words: TypeAlias = Callable[[object, dict[str, Any]], tuple[str, str]]

_WANTED = {
    "float": ("a number", "write a number"),
    "int": ("a whole number", "write a whole number"),
    "string": ("text", "put it in quotes"),
    "bool": ("true or false", "write true or false"),
    "dict": ("keys with values", "write key: value pairs"),
    "model": ("keys with values", "write key: value pairs"),
    "mapping": ("keys with values", "write key: value pairs"),
    "tuple": ("a list", "write [first, second, ...]"),
    "list": ("a list", "write [first, second, ...]"),
    "time_delta": ("a duration", 'write seconds, or "H:MM:SS" in quotes'),
}
MISSING = "missing"
_USEQ = "see pymmcore-plus.github.io/useq-schema"


def faults(model: type[BaseModel], data: object, key: str = "") -> list[Misfit]:
    """What pydantic finds wrong with `data`; keys start with `key`, at most one fault for each."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        found: dict[str, Misfit] = {}
        places = [_place(detail["loc"], data, model, key) for detail in details]
        meant = [meant for _, meant in places]
        for (place, sure), detail in zip(places, details, strict=True):
            if sure or not any(meant):
                found.setdefault(place, Misfit(place, *_words(detail)))
        return list(found.values())
    except (TypeError, ArithmeticError, AttributeError, LookupError) as error:  # from useq's casts
        return [Misfit(key, one_line(str(error)), _USEQ)]
    return []


def _place(loc: Sequence[str | int], data: object, kind: Type, key: str) -> tuple[str, bool]:
    """The dotted key of a pydantic location, and False for a member of a union not meant.

    Pydantic reports a fault for every member of a union, with the member's name in the location.
    """
    for step in loc:
        if is_union(kind):
            members = [m for m in get_args(kind) if m is not type(None)]
            kind = choose(data, kind)
            if len(members) > 1:
                if not _names(step, kind):
                    return key, False
                continue
        if is_model(kind):
            fields = model_fields(kind)
            if isinstance(data, dict) or step not in fields:
                key = join(key, step)
                data = data.get(step) if isinstance(data, dict) else None
            kind = fields.get(str(step), Any)
        elif isinstance(step, int) and isinstance(data, list):
            key, kind = join(key, step), item_type(kind, step)
            data = data[step] if step < len(data) else None
        elif isinstance(data, dict):
            if step == "[key]":
                break
            key, data = join(key, step), data.get(step)
            kind = get_args(kind)[1] if origin(kind) is dict else Any
    return key, True


def _names(step: str | int, kind: Type) -> bool:
    """Whether a step of a location is pydantic's name for a member of a union."""
    if not is_model(kind):
        container = next((n for n in ("dict", "list", "tuple") if str(step).startswith(n)), "")
        found = origin(kind)
        return container == (found.__name__ if isinstance(found, type) else "")
    tags = [get_args(field.annotation) for field in kind.model_fields.values()]
    return step == kind.__name__ or any(step in tag for tag in tags)


def _words(detail: ErrorDetails) -> tuple[str, str]:
    """Message and remedy for one fault."""
    what, value = detail["type"], detail["input"]
    special = _SPECIAL.get(what)
    if special is not None:
        return special(value, detail.get("ctx", {}))
    known = next((words for prefix, words in _WANTED.items() if what.startswith(prefix)), None)
    if known is None:
        return one_line(detail["msg"]), _USEQ
    wanted, remedy = known
    if value is None:
        return "empty", f"give {wanted}"
    return f"expected {wanted}, found {short(value)}", remedy


def _bound(name: str, word: str) -> Words:
    return lambda value, context: (
        f"{short(value)} must be {word} {context[name]:g}",
        "change the number",
    )


def _not_one_of(value: object, context: dict[str, Any]) -> tuple[str, str]:
    known = _quoted(context["expected"].replace(" or ", ", "))
    return f"{short(value)} is not one of {', '.join(known)}", nearest(str(value), known)


def _unknown_tag(_: object, context: dict[str, Any]) -> tuple[str, str]:
    tag, name = context["tag"], context["discriminator"].strip("'")
    return f"{name} {short(tag)} is not known", nearest(tag, _quoted(context["expected_tags"]))


def _quoted(listed: str) -> list[str]:
    return [part.strip(" '") for part in listed.split(",")]


def _own_words(_: object, context: dict[str, Any]) -> tuple[str, str]:
    """A ValueError raised by a validator; useq wraps whole ValidationErrors in one."""
    error = context["error"]
    if isinstance(error, ValidationError):
        return _words(error.errors(include_url=False)[0])
    message = one_line(str(error))
    if any(part in message for part in ("must be a sequence", "Sequence[Position]", "coerce")):
        return "expected a list", "write one entry per line, each after a dash"
    return message, "change it"


_SPECIAL: dict[str, Words] = {
    "missing": lambda _value, _context: (MISSING, "add it"),
    "greater_than": _bound("gt", "above"),
    "greater_than_equal": _bound("ge", "at least"),
    "less_than": _bound("lt", "below"),
    "less_than_equal": _bound("le", "at most"),
    "literal_error": _not_one_of,
    "enum": _not_one_of,
    "union_tag_invalid": _unknown_tag,
    "union_tag_not_found": lambda _value, context: (
        f"{context['discriminator']} is missing",
        "add it",
    ),
    "value_error": _own_words,
    "int_from_float": lambda value, _context: (f"{short(value)} is not a whole number", "round it"),
}
