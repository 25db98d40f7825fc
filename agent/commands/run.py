"""`microscout run`: a plan on a real microscope."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from agent.check import instrument_facts
from agent.commands.look import look_over, refuse_on_errors
from agent.finding import config_error
from agent.load import load_microscope, load_plan

if TYPE_CHECKING:
    from pathlib import Path


def run(plan_name: str, microscope_name: str | None, out: Path | None, *, json: bool) -> int:
    """Exit code 0 when the run is complete."""
    loaded = load_plan(plan_name)
    named = microscope_name or loaded.plan.microscope
    if named is None:
        raise config_error(loaded.path, "no microscope named", "give --microscope NAME or FILE")
    microscope = load_microscope(named, beside=loaded.path.parent)
    facts = instrument_facts(microscope)
    refuse_on_errors(look_over(loaded, microscope, facts, out))

    from agent.commands.conduct import conduct
    from agent.commands.start import begin, new_run
    from agent.progress import make_progress
    from agent.scope import RealScope
    from agent.session import end_s

    title = f"{loaded.path.stem} on {microscope.config.name}"
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:
        progress = held.enter_context(
            make_progress(end_s(loaded.plan), title, json=json, stream=sys.stderr)
        )
        run_dir = new_run(held, undo, out, loaded.path.stem)
        scope = RealScope(facts.mm_config)
        undo.callback(scope.shutdown)
        session = begin(
            undo, run_dir, loaded, microscope, scope, progress, durable=True, kind="run"
        )
        return conduct(session, undo, as_json=json)
