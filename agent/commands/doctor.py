"""`microscout doctor`: what is installed, what is missing, how to get it."""

from __future__ import annotations

import dataclasses
import json as jsonlib
from pathlib import Path

from agent.doctor import diagnose

MARKS = {True: "ok", False: "MISSING", None: "optional"}


def doctor(*, json: bool) -> int:
    """Exit code 1 when something that is needed is missing."""
    found = diagnose(Path.cwd())
    healthy = all(item.ok is not False for item in found)
    if json:
        items = [dataclasses.asdict(item) for item in found]
        print(jsonlib.dumps({"healthy": healthy, "diagnoses": items}))
        return 0 if healthy else 1
    from rich.console import Console
    from rich.table import Table

    table = Table("", "what", "found", "remedy")
    for item in found:
        table.add_row(MARKS[item.ok], item.name, item.found, item.remedy)
    Console().print(table)
    return 0 if healthy else 1
