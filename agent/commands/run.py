"""`microscout run`: a plan on a real microscope."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from typing import TYPE_CHECKING

from agent.check import instrument_facts
from agent.commands.appointment import appointment, wait
from agent.commands.look import look_over, refuse_on_errors
from agent.commands.said import load_said
from agent.finding import config_error
from agent.load import load_microscope

if TYPE_CHECKING:
    from pathlib import Path


def run(
    plan_name: str,
    microscope_name: str | None,
    out: Path | None,
    *,
    json: bool,
    yes: bool = False,
) -> int:
    """Exit code 0 when the run is complete. `plan_name` may be an instruction, to be confirmed.

    With `start_at` everything is looked at now, and imaged from then on.
    """
    loaded = load_said(plan_name, microscope_name, confirm=True, yes=yes)
    named = microscope_name or loaded.plan.microscope
    if named is None:
        raise config_error(loaded.path, "no microscope named", "give --microscope NAME or FILE")
    microscope = load_microscope(named, beside=loaded.path.parent)
    facts = instrument_facts(microscope)
    start = appointment(loaded, dt.datetime.now(dt.UTC))
    refuse_on_errors(look_over(loaded, microscope, facts, out))

    from agent.commands.conduct import conduct
    from agent.commands.start import begin, new_run
    from agent.progress import Progress, Quiet, make_progress
    from agent.scope import RealScope
    from agent.session import end_s
    from agent.watched import claim, dead_man

    title = f"{loaded.path.stem} on {microscope.config.name}"
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:

        def view() -> Progress:
            return held.enter_context(
                make_progress(end_s(loaded.plan), title, json=json, stream=sys.stderr)
            )

        name, command = microscope.config.name, "microscout run"
        claim(held, facts.mm_config, name, command, run=True, service=True)
        progress = view() if start is None else Quiet()
        run_dir = new_run(held, undo, out, loaded.path.stem)
        guard = dead_man(
            held,
            microscope.config,
            run_dir.path,
            beside=microscope.path.parent,
            said=progress.warning,
        )
        scope = RealScope(facts.mm_config)
        undo.callback(scope.shutdown)
        if start is not None:
            scope.begin_at(start)
        session = begin(
            undo,
            run_dir,
            loaded,
            microscope,
            scope,
            progress,
            durable=True,
            light_guard=guard,
            kind="run",
        )
        if start is not None:
            wait(session, start)
            scope.arrived()
            session.show(view())
        return conduct(session, undo, as_json=json)
