"""`microscout rehearse`: a plan on the simulated microscope."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.check import check, instrument_facts, where
from agent.commands.conduct import conduct, identity, refuse_on_errors
from agent.dump import dump_model
from agent.finding import config_error
from agent.load import load_microscope, load_plan
from agent.rundir import create

if TYPE_CHECKING:
    from agent.session import Session
    from sim.scenario import Scenario
    from sim.score import Score

RUNS = Path("runs")
DEFAULT_SCENARIO = "mitosis_night"
DEFAULT_MICROSCOPE = "demo"


def rehearse(
    plan_name: str,
    scenario_name: str | None,
    seed: int | None,
    microscope_name: str | None,
    out: Path | None,
    *,
    json: bool,
) -> int:
    """Exit code 0 when the run is complete."""
    loaded = load_plan(plan_name)
    plan = loaded.plan
    microscope = load_microscope(
        microscope_name or plan.microscope or DEFAULT_MICROSCOPE, beside=loaded.path.parent
    )
    scenario = read_scenario(scenario_name or plan.scenario or DEFAULT_SCENARIO)
    seed = scenario.seed if seed is None else seed
    facts = dataclasses.replace(
        instrument_facts(microscope, out=out), objective=scenario.objective
    )
    refuse_on_errors(check(plan, microscope.config, facts=facts, where=where(loaded, microscope)))
    if out is not None and out.exists():
        raise config_error(out, "exists already; nothing was written", "choose another --out")

    from agent.progress import make_progress
    from agent.session import Session, end_s
    from sim.scope import open_scope

    try:
        scope = open_scope(microscope.config, scenario, seed)
    except ValueError as error:
        raise config_error(microscope.path, str(error), "use --microscope demo") from None
    run_dir = create(out, loaded.path.stem, RUNS)
    title = f"rehearsal of {loaded.path.stem} (simulated)"
    with make_progress(end_s(plan), title, json=json, stream=sys.stderr) as progress:
        session = Session(run_dir, plan, microscope.config, scope, progress, durable=False)
        session.journal.records.set(
            kind="rehearse",
            scenario=dump_model(scenario),
            seed=str(seed),
            **identity(loaded, microscope, scope),
        )
        session.begin()
        return conduct(session, score=score_against_truth, as_json=json).exit_code


def read_scenario(name: str) -> Scenario:
    """A scenario by name or file; ConfigError in one line."""
    from sim.load import load_scenario

    try:
        return load_scenario(name)
    except ValueError as error:
        raise config_error("--scenario", str(error), "see configs/scenarios") from None


def score_against_truth(session: Session) -> Score:
    """What really happened in the simulated world; the agent never sees it."""
    from agent.session import end_s
    from sim.scope import SimulatedScope
    from sim.score import score

    if not isinstance(session.scope, SimulatedScope):
        raise TypeError("only a simulated scope knows the truth")
    database = session.journal.database
    truth = session.scope.truth(session.journal.visits.fovs(), end_s(session.plan))
    frames = database.rows(
        "SELECT v.fov, min(f.time_s) FROM visits v JOIN frames f ON f.visit=v.id"
        " WHERE v.kind='reaction' GROUP BY v.id"
    )
    bursts = database.rows("SELECT fov, start_s, coalesce(ended_s, until_s) FROM bursts")
    return score(truth, [(f, t) for f, t in frames], [(f, a, b) for f, a, b in bursts])
