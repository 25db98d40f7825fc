"""Loads plans and microscopes, and says in one line per fault why a file cannot be used."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import useq
from pydantic import BaseModel

from agent.dump import dump_plan, export_useq
from agent.explain import MISSING, faults
from agent.finding import (
    ConfigError,
    Finding,
    Level,
    config_error,
    line_of,
    nearest,
    one_line,
    parent,
    short,
)
from agent.plan import Plan
from agent.shape import UNKNOWN, Misfit, choose, is_model, misfits
from agent.yamltext import Document, parse_yaml, read_yaml
from hardware.data import MicroscopeConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "ConfigError",
    "LoadedMicroscope",
    "LoadedPlan",
    "dump_plan",
    "export_useq",
    "load_config",
    "load_microscope",
    "load_plan",
    "locate",
    "parse_plan",
    "shipped",
]

M = TypeVar("M", bound=BaseModel)
Kind: TypeAlias = Literal["bricks", "experiments", "microscopes", "scenarios", "training"]
_CALLED = {
    "bricks": "recipe of bricks",
    "experiments": "plan",
    "microscopes": "microscope",
    "scenarios": "scenario",
    "training": "recipe of training",
}


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan and where it came from; `lines` maps dotted keys to lines of the file."""

    plan: Plan
    path: Path
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LoadedMicroscope:
    """A microscope and where it came from; `lines` maps dotted keys to lines of the file."""

    config: MicroscopeConfig
    path: Path
    lines: Mapping[str, int]


def shipped(kind: Kind) -> tuple[str, ...]:
    """Names of the files of a kind that come with the program."""
    folder = files("configs") / kind
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def locate(kind: Kind, name_or_file: str | Path, *, beside: Path | None = None) -> Path:
    """The file that is meant: a path (from here, or from the folder `beside`), or a shipped name.

    Raises ConfigError, naming the nearest shipped one, when there is none.
    """
    named = Path(name_or_file).expanduser()
    for folder in (Path(), *([beside] if beside else [])):
        if (folder / named).is_file():
            return folder / named
    known = shipped(kind)
    if str(name_or_file) in known:
        return Path(str(files("configs") / kind / f"{name_or_file}.yaml"))
    if named.exists():
        raise config_error(named, "is not a file", "name a YAML file")
    called = _CALLED[kind]
    looks_like_file = named.suffix in (".yaml", ".yml") or len(named.parts) > 1
    message = "no such file" if looks_like_file else f"no {called} of this name, and no such file"
    remedy = nearest(named.stem, known)
    raise config_error(name_or_file, message, remedy)


def load_plan(path_or_name: str | Path) -> LoadedPlan:
    """Load a plan from a YAML file or by the name of a shipped one. Raises ConfigError."""
    path = locate("experiments", path_or_name)
    document = read_yaml(path, str(path))
    return LoadedPlan(_build(Plan, document, path), path, document.lines)


def parse_plan(text: str, name: str) -> Plan:
    """A plan from YAML text (a journal's); `name` stands in messages. Raises ConfigError."""
    return _build(Plan, parse_yaml(text, name), Path(name))


def load_microscope(name_or_file: str | Path, *, beside: Path | None = None) -> LoadedMicroscope:
    """Load a microscope from a YAML file (also looked for in `beside`) or by a shipped name."""
    path = locate("microscopes", name_or_file, beside=beside)
    document = read_yaml(path, str(path))
    return LoadedMicroscope(_build(MicroscopeConfig, document, path), path, document.lines)


def load_config(model: type[M], path: Path) -> M:
    """Read a YAML file of another kind than those two. Raises ConfigError."""
    return _build(model, read_yaml(path, str(path)), path)


def _build(model: type[M], document: Document, path: Path) -> M:
    """Data to model; every fault found becomes one finding."""
    data = document.data
    if not isinstance(data, dict):
        remedy = f"start with the keys {', '.join(list(model.model_fields)[:3])}"
        raise config_error(path, f"{short(data)} is not keys with values", remedy, line=1)
    with warnings.catch_warnings(record=True) as ignored:
        warnings.simplefilter("always")  # useq warns where it changes what was written
        found = _faults(model, data)
        built = None if found else model.model_validate(copy.deepcopy(data))
    found += _ignored(ignored)
    if built is None or found:
        raise ConfigError(
            Finding(
                str(path), m.key, Level.ERROR, m.message, m.remedy, line_of(m.key, document.lines)
            )
            for m in found
        )
    return built


def _faults(model: type[BaseModel], data: dict[str, Any]) -> list[Misfit]:
    """Unknown keys and numbers that are none first; then what they do not explain."""
    found = list(misfits(data, model))
    unknown_in = {parent(misfit.key) for misfit in found if misfit.message == UNKNOWN}
    blind = set()  # where the whole would say again, and worse, what a part has said
    later = []
    for part, item, key in _parts(data):
        if told := faults(part, copy.deepcopy(item), key):
            later += told
            blind |= {key, parent(key)}
    whole = faults(model, copy.deepcopy(data))
    later += [fault for fault in whole if not any(_within(fault.key, key) for key in blind)]
    keys = {misfit.key for misfit in found}
    for fault in later:
        typo = fault.message == MISSING and parent(fault.key) in unknown_in
        said = any(_within(fault.key, key) or _within(key, fault.key) for key in keys)
        if not typo and not said:
            found.append(fault)
            keys.add(fault.key)
    return [fault for fault in found if fault.key] or found


def _ignored(caught: Sequence[warnings.WarningMessage]) -> Iterator[Misfit]:
    """What useq warned about while it read: it leaves out what was written. One of each kind."""
    for warning in {(w.filename, w.lineno): w for w in caught}.values():
        message = one_line(str(warning.message))
        if "absolute grid plan" in message:
            yield Misfit(
                "baseline.grid_plan",
                "an absolute grid leaves out the x and y of stage_positions",
                "remove x and y there, or give the grid rows and columns",
            )
        elif "Global grid plan" in message:
            yield Misfit(
                "baseline.grid_plan",
                "an absolute grid visits the same places for every one of stage_positions",
                "keep one position, or give the grid rows and columns",
            )
        else:
            yield Misfit("baseline", message, "change one of the two")


def _parts(data: dict[str, Any]) -> Iterator[tuple[type[BaseModel], object, str]]:
    """Parts of the baseline whose faults useq reports without saying where they are."""
    baseline = data.get("baseline")
    if not isinstance(baseline, dict):
        return
    lists: tuple[tuple[str, type[BaseModel]], ...] = (
        ("channels", useq.Channel),
        ("stage_positions", useq.Position),
    )
    for name, model in lists:
        items = baseline.get(name)
        if isinstance(items, list):
            for number, item in enumerate(items):
                yield model, item, f"baseline.{name}[{number}]"
        elif isinstance(items, dict) and name == "stage_positions":
            yield useq.WellPlatePlan, items, f"baseline.{name}"
            yield from _member(useq.WellPlatePlan, items, "well_points_plan", f"baseline.{name}")
    for name in ("grid_plan", "z_plan", "time_plan"):
        yield from _member(useq.MDASequence, baseline, name, "baseline")


def _member(
    model: type[BaseModel], data: dict[str, Any], name: str, key: str
) -> Iterator[tuple[type[BaseModel], object, str]]:
    """The member of a union that is meant, lest useq takes another that ignores half the keys."""
    item = data.get(name)
    member = choose(item, model.model_fields[name].annotation)
    if isinstance(item, dict) and is_model(member):
        yield member, item, f"{key}.{name}"


def _within(key: str, above: str) -> bool:
    return key == above or key.startswith((f"{above}.", f"{above}["))
