"""JSON Schemas of plan and microscope files, so that editors complete and check them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from agent.finding import config_error, nearest
from agent.plan import Plan
from hardware.data import MicroscopeConfig

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

_SHORT_FORMS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "MDASequence": {"axis_order": [{"type": "string"}], "time_plan": [{"type": "array"}]},
    "WellPlatePlan": {
        "plate": [{"type": "string"}, {"type": "integer"}],
        "rotation": [{"type": "string"}, {"type": "array"}],
        "selected_wells": [{"type": "array"}],
    },
}
"""What useq accepts besides its models' own form, by model and key."""

MODELS: dict[str, type[BaseModel]] = {"plan": Plan, "microscope": MicroscopeConfig}


def schema(what: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of "plan" or "microscope". Raises ConfigError for another name.

    useq's part forbids unknown keys here, as loading does, although useq itself ignores them.
    """
    if what not in MODELS:
        raise config_error(what, "no schema of this name", nearest(what, list(MODELS)))
    built = MODELS[what].model_json_schema(mode="validation")
    for name, definition in built.get("$defs", {}).items():
        if definition.get("type") == "object" and "properties" in definition:
            definition["additionalProperties"] = False
            _allow_short_forms(definition["properties"], _SHORT_FORMS.get(name, {}))
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": f"MicroScout {what}"} | {
        key: value for key, value in built.items() if key != "title"
    }


def _allow_short_forms(
    properties: dict[str, dict[str, Any]], forms: dict[str, list[dict[str, Any]]]
) -> None:
    for key, form in properties.items():
        more = list(forms.get(key, []))
        if form.get("format") == "duration":
            more += [{"type": "number"}, {"type": "string"}, {"type": "object"}]
        if key == "overlap":
            more.append({"type": "number"})
        if key == "channels":  # the name of a preset stands for a channel
            form["items"] = {"anyOf": [form["items"], {"type": "string"}]}
        if more:
            properties[key] = {"anyOf": [form, *more]}


def write_schema(what: str, path: Path) -> None:
    """Write a schema to a file; a YAML file names it in a first-line comment:

    ``# yaml-language-server: $schema=plan.schema.json``
    """
    path.write_text(json.dumps(schema(what), indent=2) + "\n", encoding="utf-8")
