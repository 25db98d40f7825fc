"""Writes a plan back to YAML: whole, or its baseline as plain useq."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

if TYPE_CHECKING:
    import useq
    from pydantic import BaseModel

    from agent.plan import Plan


def dump_plan(plan: Plan) -> str:
    """YAML that loads to an equal plan. Defaults are written out: they may change, this run's not.

    The baseline is written as it was given: whether a well plate's z was given at all matters.
    """
    ours = plan.model_dump(exclude={"baseline", "reaction"}, exclude_none=True)
    reaction = plan.reaction.model_dump(exclude={"channels", "z_plan"}, exclude_none=True) | {
        "channels": [c.model_dump(exclude_unset=True) for c in plan.reaction.channels]
    }
    if plan.reaction.z_plan is not None:
        reaction["z_plan"] = plan.reaction.z_plan.model_dump(exclude_unset=True)
    ordered = {
        name: {"baseline": _baseline(plan.baseline), "reaction": reaction}.get(name, ours.get(name))
        for name in type(plan).model_fields
    }
    return _yaml({name: value for name, value in ordered.items() if value is not None})


def export_useq(plan: Plan) -> str:
    """The baseline alone: YAML for `useq.MDASequence.from_file`, with the same events."""
    return _yaml(_baseline(plan.baseline))


def dump_model(model: BaseModel) -> str:
    """Any of our settings (microscope, scenario) as YAML that loads to an equal model."""
    return _yaml(model.model_dump(exclude_none=True))


def _baseline(baseline: useq.MDASequence) -> dict[str, Any]:
    return baseline.model_dump(exclude_unset=True)


class _Dumper(yaml.SafeDumper):
    """Writes line separators that YAML would fold (NEL, LS, PS) as escapes."""


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = '"' if any(char in value for char in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _yaml(data: object) -> str:
    text: str = yaml.dump(
        _plain(data),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=100,
    )
    return text


def _plain(value: Any) -> Any:
    """The same in YAML's own types."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and math.fabs(value) < 1e15:
        return int(value) if value or math.copysign(1.0, value) > 0 else 0
    return value
