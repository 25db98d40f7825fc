"""The planner that needs no network: rules, and code for everything that is a number."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.check import instrument_facts
from agent.load import load_microscope
from agent.planner.proposal import Proposal, propose
from agent.planner.understand import understand

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.bench.plan import Line


def embedded_planner() -> Callable[[Line], Proposal]:
    """For the bench: microscopes are loaded once."""
    known = {}

    def plan(line: Line) -> Proposal:
        if line.microscope not in known:
            loaded = load_microscope(line.microscope)
            known[line.microscope] = loaded.config, instrument_facts(loaded)
        config, facts = known[line.microscope]
        now = dt.datetime.fromisoformat(line.now)
        return propose(understand(line.instruction, config, now), config, facts)

    return plan
