"""`microscout rehearse`: a plan on the simulated microscope."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.check import FrameSize, instrument_facts
from agent.commands.appointment import at_once
from agent.commands.look import look_over, refuse_on_errors
from agent.commands.said import load_said
from agent.dump import dump_model
from agent.finding import config_error, line_of, one_line
from agent.load import load_microscope
from policies.judge_config import ClassicalJudgeConfig, MllmJudgeConfig

if TYPE_CHECKING:
    from agent.load import LoadedMicroscope, LoadedPlan
    from agent.session import Session
    from sim.scenario import Scenario
    from sim.score import Score

DEFAULT_SCENARIO = "mitosis_night"
DEFAULT_MICROSCOPE = "demo"
DARK_COUNTS = 2.0  # above the simulated camera's offset: far more than noise makes of a mean
DEMO_CONFIG = "MMConfig_demo.cfg"  # what the simulated microscope is made of
PIXEL_BYTES = 2
JUDGES: dict[str, type[ClassicalJudgeConfig] | type[MllmJudgeConfig]] = {
    "mllm": MllmJudgeConfig,
    "classical": ClassicalJudgeConfig,
}


def rehearse(
    plan_name: str,
    scenario_name: str | None,
    seed: int | None,
    microscope_name: str | None,
    out: Path | None,
    *,
    judge: str | None = None,
    json: bool,
) -> int:
    """Exit code 0 when the run is complete. `judge`: another kind than the plan's.

    `plan_name` may be an instruction: the plan that is made of it is shown first.
    """
    said = load_said(plan_name, microscope_name, confirm=False, yes=False)
    loaded = with_judge(said, judge)
    microscope = load_microscope(
        microscope_name or loaded.plan.microscope or DEFAULT_MICROSCOPE, beside=loaded.path.parent
    )
    refuse_other_than_demo(microscope)
    scenario = read_scenario(scenario_name, loaded)
    seed = scenario.seed if seed is None else seed
    camera = scenario.camera
    scenario = with_objective(scenario, loaded)
    microscope = with_camera(microscope, scenario)
    facts = dataclasses.replace(
        instrument_facts(microscope),
        findings=(),  # about a real instrument: there is none
        objective=scenario.objective,
        frame=FrameSize(camera.height, camera.width, PIXEL_BYTES),
    )
    refuse_on_errors(look_over(loaded, microscope, facts, out))
    at_once(loaded, "rehearsal")

    from agent.commands.conduct import conduct
    from agent.commands.start import begin, new_run
    from agent.progress import make_progress
    from agent.session import end_s
    from sim.scope import open_scope

    title = f"rehearsal of {loaded.path.stem} (simulated)"
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:
        progress = held.enter_context(
            make_progress(end_s(loaded.plan), title, json=json, stream=sys.stderr)
        )
        run_dir = new_run(held, undo, out, loaded.path.stem)
        try:
            scope = open_scope(microscope.config, scenario, seed)
        except ValueError as error:
            raise config_error(microscope.path, str(error), "use --microscope demo") from None
        undo.callback(scope.shutdown)
        session = begin(
            undo,
            run_dir,
            loaded,
            microscope,
            scope,
            progress,
            durable=False,
            kind="rehearse",
            scenario=dump_model(scenario),
            seed=str(seed),
        )
        return conduct(session, undo, score=score_against_truth, as_json=json)


def with_judge(loaded: LoadedPlan, kind: str | None) -> LoadedPlan:
    """The plan with another judge, looking at the same channel. ConfigError for an unknown kind."""
    if kind is None:
        return loaded
    made = JUDGES.get(kind)
    if made is None:
        raise config_error("--judge", f"no judge {one_line(kind)}", f"use {' or '.join(JUDGES)}")
    judge = made(channel=loaded.plan.judge.channel)
    return dataclasses.replace(loaded, plan=loaded.plan.model_copy(update={"judge": judge}))


def refuse_other_than_demo(microscope: LoadedMicroscope) -> None:
    """A rehearsal never loads another configuration: that could move real hardware."""
    mm_config = microscope.config.mm_config
    if Path(mm_config).name != DEMO_CONFIG:
        raise config_error(
            microscope.path,
            f"a rehearsal runs on {DEMO_CONFIG}, not on {mm_config}",
            f"use --microscope demo, or a copy of this file that names {DEMO_CONFIG}",
            key="mm_config",
            line=line_of("mm_config", microscope.lines),
        )


def read_scenario(name: str | None, loaded: LoadedPlan) -> Scenario:
    """The scenario of the command line or of the plan: a shipped name, or a file (of the plan:
    also beside it). ConfigError in one line.
    """
    from sim.load import load_scenario

    wanted: str | Path = name or loaded.plan.scenario or DEFAULT_SCENARIO
    if name is None and (beside := loaded.path.parent / wanted).is_file():
        wanted = beside
    try:
        return load_scenario(wanted)
    except ValueError as error:
        if name is not None:
            raise config_error("--scenario", str(error), "") from None
        line = line_of("scenario", loaded.lines)
        raise config_error(loaded.path, str(error), "", key="scenario", line=line) from None


def with_objective(scenario: Scenario, loaded: LoadedPlan) -> Scenario:
    """The scenario with the plan's objective in place. ConfigError for one it does not have."""
    wanted, known = loaded.plan.objective, scenario.optics.objectives
    if wanted is None:
        return scenario
    if wanted not in known:
        message = f"no objective {wanted} in optics.objectives of scenario {scenario.name}"
        line = line_of("objective", loaded.lines)
        remedy = f"use one of {', '.join(known)}"
        raise config_error(loaded.path, message, remedy, key="objective", line=line)
    return scenario.model_copy(update={"objective": wanted})


def with_camera(microscope: LoadedMicroscope, scenario: Scenario) -> LoadedMicroscope:
    """The microscope with what is dark for the simulated camera in place of its own."""
    wanted = microscope.config.dark_frame
    if wanted is None:
        return microscope
    dark = wanted.model_copy(update={"mean_below": scenario.camera.offset + DARK_COUNTS})
    config = microscope.config.model_copy(update={"dark_frame": dark})
    return dataclasses.replace(microscope, config=config)


def score_against_truth(session: Session) -> Score:
    """What really happened in the simulated world; the agent never sees it."""
    from agent.summary import lasted_s
    from sim.scope import SimulatedScope
    from sim.score import score

    if not isinstance(session.scope, SimulatedScope):
        raise TypeError("only a simulated scope knows the truth")
    database = session.journal.database
    truth = session.scope.truth(session.journal.visits.fovs(), lasted_s(session))
    frames = database.rows(
        "SELECT v.fov, min(f.time_s) FROM visits v JOIN frames f ON f.visit=v.id"
        " WHERE v.kind='reaction' GROUP BY v.id"
    )
    bursts = database.rows("SELECT fov, start_s, coalesce(ended_s, until_s) FROM bursts")
    return score(truth, [(f, t) for f, t in frames], [(f, a, b) for f, a, b in bursts])
