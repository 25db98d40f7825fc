"""`microscout check`: what is wrong, before anything moves."""

from __future__ import annotations

import dataclasses
import json as jsonlib

from agent.check import errors, instrument_facts
from agent.commands.look import look_over
from agent.finding import ConfigError, Finding, config_error
from agent.load import load_microscope, load_plan


def check(plan_name: str, microscope_name: str | None, *, json: bool) -> int:
    """Exit code 2 when there is an error."""
    try:
        found = _findings(plan_name, microscope_name)
    except ConfigError as error:
        found = list(error.findings)
    bad = len(errors(found))
    if json:
        print(
            jsonlib.dumps(
                {"errors": bad, "findings": [dataclasses.asdict(finding) for finding in found]}
            )
        )
    else:
        for finding in found:
            print(f"{finding.level}: {finding}")
        rest = len(found) - bad
        print(f"{_count(bad, 'error')}, {_count(rest, 'warning or note')}; nothing was moved")
    return 2 if bad else 0


def _findings(plan_name: str, microscope_name: str | None) -> list[Finding]:
    loaded = load_plan(plan_name)
    named = microscope_name or loaded.plan.microscope
    if named is None:
        raise config_error(loaded.path, "no microscope named", "give --microscope NAME or FILE")
    microscope = load_microscope(named, beside=loaded.path.parent)
    return look_over(loaded, microscope, instrument_facts(microscope), out=None)


def _count(n: int, what: str) -> str:
    """ "1 error", "2 errors"; "2 warnings or notes"."""
    if n == 1:
        return f"1 {what}"
    return f"{n} " + " or ".join(f"{word}s" for word in what.split(" or "))
