"""`microscout run`: a plan on a real microscope."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.check import preflight
from agent.commands.conduct import conduct, identity, refuse_on_errors
from agent.finding import config_error
from agent.load import load_microscope, load_plan
from agent.rundir import create

RUNS = Path("runs")


def run(plan_name: str, microscope_name: str | None, out: Path | None, *, json: bool) -> int:
    """Exit code 0 when the run is complete."""
    loaded = load_plan(plan_name)
    named = microscope_name or loaded.plan.microscope
    if named is None:
        raise config_error(loaded.path, "no microscope named", "give --microscope NAME or FILE")
    microscope = load_microscope(named, beside=loaded.path.parent)
    refuse_on_errors(preflight(loaded, microscope, out=out))
    if out is not None and out.exists():
        raise config_error(out, "exists already; nothing was written", "choose another --out")

    from agent.progress import make_progress
    from agent.scope import RealScope
    from agent.session import Session, end_s
    from hardware.mmconfig import find

    run_dir = create(out, loaded.path.stem, RUNS)
    scope = RealScope(find(microscope.config.mm_config, beside=microscope.path.parent))
    title = f"{loaded.path.stem} on {microscope.config.name}"
    with make_progress(end_s(loaded.plan), title, json=json, stream=sys.stderr) as progress:
        session = Session(run_dir, loaded.plan, microscope.config, scope, progress, durable=True)
        session.journal.records.set(kind="run", **identity(loaded, microscope, scope))
        session.begin()
        return conduct(session, as_json=json).exit_code
