"""The JSON Schema for editors accepts every file that ships, and points at unknown keys."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from plan_kit import MICROSCOPE, PLAN, changed

from agent.finding import ConfigError
from agent.jsonschema import MODELS, schema, write_schema
from agent.load import locate, shipped
from agent.new import TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def fits(value: Any, form: dict[str, Any], root: dict[str, Any]) -> bool:
    """As much of JSON Schema as pydantic's output needs to tell good files from bad ones."""
    if "$ref" in form:
        return fits(value, root["$defs"][form["$ref"].rsplit("/", 1)[1]], root)
    members = [form[several] for several in ("anyOf", "oneOf") if several in form]
    return (
        value == form.get("const", value)
        and value in form.get("enum", [value])
        and isinstance(value, TYPES.get(form.get("type", ""), object))
        and all(any(fits(value, one, root) for one in some) for some in members)
        and _inside_fits(value, form, root)
    )


def _inside_fits(value: Any, form: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(value, list):
        items = form.get("items")
        return not isinstance(items, dict) or all(fits(item, items, root) for item in value)
    if not isinstance(value, dict):
        return True
    known, more = form.get("properties", {}), form.get("additionalProperties", True)
    if more is False and not set(value) <= set(known):
        return False
    other = more if isinstance(more, dict) else {}
    return set(form.get("required", [])) <= set(value) and all(
        fits(item, known.get(name, other), root) for name, item in value.items()
    )


def accepts(what: str, data: Any) -> bool:
    built = schema(what)
    return fits(data, built, built)


@pytest.mark.parametrize("name", shipped("experiments"))
def test_shipped_plans_fit(name: str) -> None:
    assert accepts("plan", yaml.safe_load(locate("experiments", name).read_text()))


@pytest.mark.parametrize("name", shipped("microscopes"))
def test_shipped_microscopes_fit(name: str) -> None:
    assert accepts("microscope", yaml.safe_load(locate("microscopes", name).read_text()))


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_fit(template: str) -> None:
    folder = files("agent") / "templates"
    assert accepts("plan", yaml.safe_load((folder / template / "plan.yaml").read_text()))
    assert accepts("microscope", yaml.safe_load((folder / "microscope.yaml").read_text()))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("baseline.stage_positions", {"plate": "96-well", "a1_center_xy": [0, 0]}),
        (
            "baseline.time_plan",
            [{"interval": 3, "loops": 2}, {"interval": {"minutes": 3}, "loops": 2}],
        ),
        ("baseline.time_plan.interval", "0:05:00"),
        ("baseline.channels", ["DAPI"]),
        ("baseline.grid_plan", {"rows": 2, "columns": 2, "overlap": 10}),
    ],
)
def test_useqs_short_forms_fit(key: str, value: Any) -> None:
    assert accepts("plan", changed(PLAN, (key, value)))


@pytest.mark.parametrize(
    "key",
    ["gaol", "baseline.chanels", "baseline.channels.0.exposuer", "decide.entr", "budget.dose"],
)
def test_unknown_keys_do_not_fit(key: str) -> None:
    assert not accepts("plan", changed(PLAN, (key, 1)))


def test_unknown_keys_of_a_microscope_do_not_fit() -> None:
    assert accepts("microscope", MICROSCOPE)
    assert not accepts("microscope", changed(MICROSCOPE, ("stage.x", [0, 1])))


@pytest.mark.parametrize("what", MODELS)
def test_it_is_written_as_json(what: str, tmp_path: Path) -> None:
    write_schema(what, tmp_path / "schema.json")
    written = json.loads((tmp_path / "schema.json").read_text())
    assert written == schema(what)
    assert written["$schema"].startswith("https://json-schema.org/")


def test_an_unknown_schema_gets_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        schema("plans")
    assert str(caught.value) == "plans: no schema of this name; did you mean plan?"
