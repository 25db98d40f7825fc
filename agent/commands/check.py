"""`microscout check`: what is wrong, before anything moves."""

from __future__ import annotations

import dataclasses
import json as jsonlib

from agent.check import errors, preflight
from agent.finding import ConfigError, Finding, config_error
from agent.load import load_microscope, load_plan


def check(plan_name: str, microscope_name: str | None, *, json: bool) -> int:
    """Exit code 2 when there is an error."""
    try:
        found = _findings(plan_name, microscope_name)
    except ConfigError as error:
        found = list(error.findings)
    if json:
        print(jsonlib.dumps({"findings": [dataclasses.asdict(f) for f in found]}))
    else:
        for finding in found:
            print(f"{finding.level}: {finding}")
        bad = len(errors(found))
        print(f"{bad} errors, {len(found) - bad} warnings and notes; nothing was moved")
    return 2 if errors(found) else 0


def _findings(plan_name: str, microscope_name: str | None) -> list[Finding]:
    loaded = load_plan(plan_name)
    named = microscope_name or loaded.plan.microscope
    if named is None:
        raise config_error(loaded.path, "no microscope named", "give --microscope NAME or FILE")
    return preflight(loaded, load_microscope(named, beside=loaded.path.parent))
