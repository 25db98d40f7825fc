"""Find and read scenario files."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from sim.scenario import Scenario

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pydantic import BaseModel


def scenario_names() -> list[str]:
    """Names of the scenarios that ship with the program."""
    return sorted(_stem(entry) for entry in _shipped() if entry.name.endswith(".yaml"))


def load_scenario(name_or_file: str | Path) -> Scenario:
    """Read a shipped scenario by name, or a YAML file by path.

    Raises ValueError with one line that names the file and the key.
    """
    source = _find(name_or_file)
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{source}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{source}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{source}: a scenario is a list of `key: value` lines")
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{source}: {_first_line(error)}") from error


def _shipped() -> list[Traversable]:
    return list((files("configs") / "scenarios").iterdir())


def _stem(entry: Traversable) -> str:
    return entry.name.removesuffix(".yaml")


def _find(name_or_file: str | Path) -> Traversable | Path:
    path = Path(name_or_file)
    if path.suffix in (".yaml", ".yml"):
        return path
    for entry in _shipped():
        if entry.name == f"{name_or_file}.yaml":
            return entry
    near = difflib.get_close_matches(str(name_or_file), scenario_names(), 1, 0)
    raise ValueError(
        f"scenario {str(name_or_file)!r} is not known; nearest: {near[0] if near else 'none'} "
        f"(known: {', '.join(scenario_names())}; or give a .yaml file)"
    )


def _first_line(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']} (got {first['input']!r})"[:300]
    near = difflib.get_close_matches(str(first["loc"][-1]), _all_keys(Scenario), 1, 0.0)
    return f"{where}: unknown key; nearest valid key: {near[0]}"


def _all_keys(model: type[BaseModel]) -> list[str]:
    keys: list[str] = []
    schema = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        keys += part.get("properties", {})
    return keys
