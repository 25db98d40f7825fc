"""Opens what a runner runs: a session that has begun, or one that is to go on."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.check import FrameSize, instrument_facts
from agent.commands.hold import hold
from agent.commands.look import look_over, refuse_on_errors
from agent.finding import ConfigError, config_error
from agent.load import load_microscope, load_plan
from agent.rundir import RunDir, existing
from agent.watched import claim, dead_man
from hardware.mmconfig import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from agent.progress import Progress
    from agent.runner.spec import RunnerSpec, SimulatedSpec
    from agent.scope import Scope
    from agent.session import Live, Session
    from hardware.data import MicroscopeConfig
    from hardware.deadman.ward import DeadMan
    from sim.clock import SimClock
    from sim.score import Score

PIXEL_BYTES = 2
LOCK_S, LOCK_TICK_S = 60.0, 0.2  # longer than a runner that is told to end may take
SERVE = "microscout serve"


Locked = TypeVar("Locked")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that can be conducted, unless it is `held`: `differences` nobody has accepted."""

    session: Session
    score: Callable[[Session], Score] | None = None
    differences: tuple[str, ...] = ()
    held: bool = False


def clock_of(simulated: SimulatedSpec) -> SimClock:
    """The clock of a simulated run, at its pace."""
    if simulated.pace is None:
        from sim.clock import SimClock

        return SimClock()
    from sim.paced import PacedClock

    return PacedClock(simulated.pace)


def start(
    spec: RunnerSpec,
    held: ExitStack,
    undo: ExitStack,
    progress: Progress,
    live: Live,
    said: Callable[[str], None],
) -> Opened:
    """A new run. Raises what `run` and `rehearse` raise; then nothing is left of it.

    `said` hears of the dead-man.
    """
    from agent.commands.start import begin, new_run

    if spec.plan is None:
        raise config_error(spec.run, "a start without a plan", "give plan")
    loaded = load_plan(spec.plan)
    microscope = load_microscope(spec.microscope)
    facts = instrument_facts(microscope)
    name = loaded.path.stem
    if spec.simulated is None:
        from agent.scope import RealScope

        refuse_on_errors(look_over(loaded, microscope, facts, spec.run))
        claim(held, facts.mm_config, microscope.config.name, SERVE, run=True, service=False)
        run_dir = new_run(held, undo, spec.run, name)
        beside = microscope.path.parent
        guard = dead_man(held, microscope.config, run_dir.path, beside=beside, said=said)
        real = RealScope(facts.mm_config)
        undo.callback(real.shutdown)
        return Opened(
            begin(
                undo,
                run_dir,
                loaded,
                microscope,
                real,
                progress,
                durable=True,
                live=live,
                light_guard=guard,
                kind="run",
                attended=str(int(spec.attended)),
            )
        )
    from agent.commands.rehearse import (
        read_scenario,
        refuse_other_than_demo,
        score_against_truth,
        with_camera,
        with_objective,
    )
    from agent.dump import dump_model
    from sim.scope import open_scope

    refuse_other_than_demo(microscope)
    scenario = with_objective(read_scenario(spec.simulated.scenario, loaded), loaded)
    microscope = with_camera(microscope, scenario)
    seed = scenario.seed if spec.simulated.seed is None else spec.simulated.seed
    camera = scenario.camera
    facts = dataclasses.replace(
        facts,
        findings=(),  # about a real instrument: there is none
        objective=scenario.objective,
        frame=FrameSize(camera.height, camera.width, PIXEL_BYTES),
    )
    refuse_on_errors(look_over(loaded, microscope, facts, spec.run))
    run_dir = new_run(held, undo, spec.run, name)
    guard = _simulated_guard(spec.simulated, held, microscope.config, run_dir.path, said)
    scope = open_scope(microscope.config, scenario, seed, clock_of(spec.simulated))
    undo.callback(scope.shutdown)
    _light(spec.simulated, held, scope)
    session = begin(
        undo,
        run_dir,
        loaded,
        microscope,
        scope,
        progress,
        durable=False,
        live=live,
        light_guard=guard,
        kind="rehearse",
        scenario=dump_model(scenario),
        seed=str(seed),
        attended=str(int(spec.attended)),
    )
    return Opened(session, score_against_truth)


def go_on(
    spec: RunnerSpec,
    held: ExitStack,
    undo: ExitStack,
    progress: Progress,
    live: Live,
    said: Callable[[str], None],
) -> Opened:
    """An interrupted run, compared with the instrument. Moves nothing."""
    from agent.commands.resume import keys_of, scope_of, settings_of
    from agent.commands.start import in_words, let_go
    from agent.session import Session

    run_dir: RunDir = existing(spec.run)
    keys = keys_of(run_dir.journal)
    plan, config = settings_of(run_dir.journal, keys)
    held.enter_context(contextlib.closing(_patiently(lambda: hold(run_dir.path))))
    if spec.simulated is None:
        beside = Path(keys["microscope_file"]).parent
        mm_config = find(config.mm_config, beside=beside)
        name = config.name
        _patiently(lambda: claim(held, mm_config, name, SERVE, run=True, service=False))
        guard = dead_man(held, config, run_dir.path, beside=beside, said=said)
        clock = None
    else:
        guard = _simulated_guard(spec.simulated, held, config, run_dir.path, said)
        clock = clock_of(spec.simulated)
    scope, score = scope_of(run_dir.journal, keys, config, clock)
    undo.callback(scope.shutdown)
    if spec.simulated is not None:
        _light(spec.simulated, held, scope)
    session = Session(
        run_dir,
        plan,
        config,
        scope,
        progress,
        durable=not scope.clock.simulated,
        live=live,
        light_guard=guard,
    )
    undo.callback(let_go, session)
    found = in_words(session.resume)
    session.journal.records.set(attended=str(int(spec.attended)))
    return Opened(session, score, found, spec.compare or not set(found) <= set(spec.accepted))


def _patiently(take: Callable[[], Locked]) -> Locked:
    """Take a lock that the runner of a service that died may hold until it has ended."""
    until_s = time.monotonic() + LOCK_S
    while True:
        try:
            return take()
        except ConfigError:
            if time.monotonic() > until_s:
                raise
            time.sleep(LOCK_TICK_S)


def _simulated_guard(
    simulated: SimulatedSpec,
    held: ExitStack,
    config: MicroscopeConfig,
    run: Path,
    said: Callable[[str], None],
) -> DeadMan | None:
    """Of a lamp that is outside of the process; without one no light outlives it."""
    if simulated.lamp is None:
        return None
    return dead_man(held, config, run, beside=None, said=said)


def _light(simulated: SimulatedSpec, held: ExitStack, scope: Scope) -> None:
    """Switch the lamp outside of the process with the shutter."""
    if simulated.lamp is None:
        return
    from sim.core import SimCore
    from sim.lamplink import LampLink

    if isinstance(scope.core, SimCore):
        scope.core.lamp = LampLink(simulated.lamp)
        held.callback(scope.core.lamp.close)
