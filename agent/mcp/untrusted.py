"""Texts of people, plans, documents and models are data: each one comes as `{"untrusted_text": …}`.

Every text of a view is marked, but for those that are known to be this program's own (`_OWN`) and
for enumerated words and times; a field that somebody adds to a view is marked by itself. Marked
texts are cut to a length and freed of characters that nobody can see; objects with free keys become
lists, because a key is a text too.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

KEY = "untrusted_text"
MOST_CHARS = 2_000
MOST_CHARS_OF = {"plan_yaml": 40_000, "yaml": 40_000}
MOST_ITEMS = 200
MOST_BYTES = 200_000
_SHORTER = (MOST_CHARS, 400, 80)

# model.field: made by this program alone, from constants and numbers
_OWN = frozenset(
    {
        "Answer.said",
        "Refused.rule",
        "Refused.remedy",
        "RequestView.tool",
        "ProposalView.thread",
        "QuestionView.slot",
        "StatusView.version",
        "EventView.id",
        "DecisionView.id",
        "TimelineView.older",
        "CheckView.name",
    }
)
_TEXT = {
    "type": "object",
    "properties": {KEY: {"type": "string"}},
    "required": [KEY],
    "additionalProperties": False,
}

_WORDS = ("$defs", "title", "description", "default")
_TEXT_HERE = {"$ref": "#/$defs/Text"}

Schema = dict[str, Any]


def marked_schema(schema: Schema) -> Schema:
    """The JSON Schema of what `marked` makes of a value of `schema` (a pydantic serialization)."""
    defs = schema.get("$defs", {})
    marked_defs = {name: _marked_schema(s, "") for name, s in defs.items()}
    return _marked_schema(schema, "") | {"$defs": marked_defs | {"Text": _TEXT}}


def marked(value: Any, schema: Schema) -> Any:
    """A dumped value with its texts marked; short enough for an answer."""
    for most in _SHORTER:
        found = _Marker(schema["$defs"], most, MOST_CHARS_OF).mark(value, schema, "")
        if len(json.dumps(found)) <= MOST_BYTES:
            return found
    return _Marker(schema["$defs"], _SHORTER[-1], {}, 20).mark(value, schema, "")


def clean(text: str, most: int = MOST_CHARS) -> str:
    """A text without invisible characters, at most so long and a note on what was cut."""
    seen = "".join(c if c in "\n\t" or _visible(c) else "\ufffd" for c in text[:most])
    return seen if len(text) <= most else f"{seen} … (cut: {len(text) - most} more characters)"


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cn", "Cs")


# ---------------------------------------------------------------------- shapes


class _Shape(Enum):
    """What a piece of JSON Schema, as pydantic writes it, describes."""

    UNION = auto()
    TEXT = auto()
    FREE = auto()  # anything, or an object with any content
    LIST = auto()
    MAP = auto()  # an object with free keys
    MODEL = auto()
    PLAIN = auto()  # numbers, times, enumerated words, null, references


def _shape(schema: Schema) -> _Shape:
    known = {"type", "anyOf", "$ref", "enum", "const", "allOf"}
    kind = schema.get("type")
    free_object = kind == "object" and "properties" not in schema
    tests = (
        ("anyOf" in schema, _Shape.UNION),
        (kind == "string" and not _is_ours(schema), _Shape.TEXT),
        (free_object and schema.get("additionalProperties", True) is True, _Shape.FREE),
        (not set(schema) & known, _Shape.FREE),
        (kind == "array", _Shape.LIST),
        (free_object, _Shape.MAP),
        (kind == "object", _Shape.MODEL),
    )
    return next((shape for true, shape in tests if true), _Shape.PLAIN)


def _is_ours(schema: Schema) -> bool:
    return "enum" in schema or "const" in schema or schema.get("format") == "date-time"


def _model(schema: Schema) -> str:
    """The model's name; of a generic one without its argument."""
    return str(schema.get("title", "")).partition("[")[0]


# ---------------------------------------------------------------------- schema


def _marked_schema(schema: Schema, place: str) -> Schema:
    """`place`: model.field. Without words: assistants read the answers, not their schema."""
    rest = {k: v for k, v in schema.items() if k not in _WORDS}
    match _shape(schema):
        case _Shape.UNION:
            return {"anyOf": [_marked_schema(arm, place) for arm in schema["anyOf"]]}
        case _Shape.TEXT:
            rest = rest if place in _OWN else _TEXT_HERE
        case _Shape.FREE:
            rest = _TEXT_HERE
        case _Shape.LIST:
            if "items" in schema:
                rest["items"] = _marked_schema(schema["items"], place)
            if "prefixItems" in schema:
                rest["prefixItems"] = [_marked_schema(s, place) for s in schema["prefixItems"]]
        case _Shape.MAP:
            pair = {
                "name": _TEXT_HERE,
                "value": _marked_schema(schema["additionalProperties"], place),
            }
            item = {"type": "object", "properties": pair, "required": ["name", "value"]}
            rest = {"type": "array", "items": item}
        case _Shape.MODEL:
            model = _model(schema)
            rest["properties"] = {
                name: _marked_schema(inner, f"{model}.{name}")
                for name, inner in schema["properties"].items()
            }
    return rest


# ---------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class _Marker:
    """Marks values; texts are cut to `most` characters, or to `longer[field]`."""

    defs: dict[str, Schema]
    most: int
    longer: dict[str, int]
    items: int = MOST_ITEMS

    def mark(self, value: Any, schema: Schema, place: str) -> Any:
        """`place`: model.field."""
        schema = self._resolved(schema)
        if _shape(schema) is _Shape.UNION:
            schema = self._resolved(self._arm(value, schema["anyOf"]))
        match _shape(schema):
            case _Shape.TEXT:
                text = clean(value, self.longer.get(place.rpartition(".")[2], self.most))
                value = text if place in _OWN else {KEY: text}
            case _Shape.FREE:
                value = self._free(value)
            case _Shape.LIST:
                kinds = schema.get("prefixItems") or [schema["items"]] * len(value)
                pairs = zip(value[: self.items], kinds, strict=False)
                value = [self.mark(item, kind, place) for item, kind in pairs]
            case _Shape.MAP:
                inner = schema["additionalProperties"]
                value = [
                    {"name": {KEY: clean(key, self.most)}, "value": self.mark(item, inner, place)}
                    for key, item in list(value.items())[: self.items]
                ]
            case _Shape.MODEL:
                kinds, model = schema["properties"], _model(schema)
                value = {k: self.mark(v, kinds[k], f"{model}.{k}") for k, v in value.items()}
        return value

    def _free(self, value: Any) -> dict[str, str]:
        return {KEY: clean(json.dumps(value, ensure_ascii=False), self.most)}

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return schema if reference is None else self.defs[reference.rpartition("/")[2]]

    def _arm(self, value: Any, arms: list[Schema]) -> Schema:
        """The arm of a union that a value is of; {}, which marks it as a whole, where none fits."""
        return next((arm for arm in arms if _fits(value, self._resolved(arm))), {})


_TYPES: dict[str, type | tuple[type, ...]] = {
    "null": type(None),
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def _fits(value: Any, schema: Schema) -> bool:
    kind = schema.get("type")
    if kind is None or not isinstance(value, _TYPES[kind]):
        return False
    return not isinstance(value, dict) or set(value) <= set(schema.get("properties", value))
