"""`microscout bench estimates`: what is predicted of a plan against its rehearsed run.

Random short plans without reactions on the simulated demo microscope. What an event would add is
in no estimate (`agent.estimate`), so nothing is watched for; nor are the repeats of an autofocus
that fails, so it looks at nuclei near the middle of the dish. Over a well without structure in its
channel, or out of the sweep's reach, it takes half as much light again than predicted.
"""

from __future__ import annotations

import dataclasses
import json as jsonlib
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from agent.bench.machine import machine
from agent.check import FrameSize, Where, check, errors, instrument_facts
from agent.estimate import estimate
from agent.load import load_microscope
from agent.plan import Plan
from agent.planner.assemble import assemble
from agent.planner.draft import Draft, Question, Said
from agent.planner.source import Default
from agent.progress import Quiet
from agent.rundir import RunDir
from agent.session import Session
from hardware.data import Refusal
from policies.judge_config import ClassicalJudgeConfig
from sim.load import load_scenario
from sim.scope import open_scope

if TYPE_CHECKING:
    from agent.check import InstrumentFacts
    from hardware.data import MicroscopeConfig
    from sim.scenario import Scenario

SCENARIO = "interphase_only"  # cells to focus on, none that divides
PIXEL_BYTES = 2
FRAMES = 250  # most of one plan: thirty are to run within minutes
CLOSE = {"visits": 0.05, "frames": 0.05, "disk_bytes": 0.05, "light_s": 0.05, "light_j_cm2": 0.05}
CLOSE |= {"duration_s": 0.10}


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run takes: light over all fields, disk as uncompressed frames."""

    visits: int
    frames: int
    disk_bytes: int
    light_s: float
    light_j_cm2: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One plan: in words, predicted, and as it was rehearsed."""

    plan: str
    predicted: Figures
    rehearsed: Figures
    outcome: str

    @property
    def errors(self) -> dict[str, float]:
        """Figure -> relative error of the prediction."""
        found = {}
        for name in CLOSE:
            had, said = getattr(self.rehearsed, name), getattr(self.predicted, name)
            found[name] = abs(said - had) / had if had else float(said != had)
        return found

    @property
    def off(self) -> tuple[str, ...]:
        """Figures that are further off than they may be; `outcome` where the run did not end."""
        far = tuple(name for name, error in self.errors.items() if error > CLOSE[name])
        return far if self.outcome == "complete" else ("outcome", *far)


def bench_estimates(plans: int = 30, seed: int = 0, *, json: bool) -> int:
    """Print a table, or one JSON object; exit code 1 when any figure of any plan is off."""
    started = time.perf_counter()
    rows = [compare(plan) for plan in random_plans(plans, seed)]
    off = [row for row in rows if row.off]
    result: dict[str, Any] = {
        "machine": machine(),
        "plans": len(rows),
        "seed": seed,
        "off": len(off),
        "largest_error": {
            name: round(max(row.errors[name] for row in rows), 4) for name in CLOSE if rows
        },
        "allowed": CLOSE,
        "wall_s": round(time.perf_counter() - started, 1),
    }
    if json:
        print(jsonlib.dumps(result | {"rows": [dataclasses.asdict(r) for r in rows]}))
    else:
        print(table(rows))
        print(jsonlib.dumps(result, indent=2))
    return 1 if off else 0


def table(rows: list[Compared]) -> str:
    """A line each: predicted/rehearsed, and what is off."""
    lines = ["visits      frames        MB            light/s         duration/s"]
    for row in rows:
        a, b = row.predicted, row.rehearsed
        cells = (
            f"{a.visits}/{b.visits}".ljust(12),
            f"{a.frames}/{b.frames}".ljust(14),
            f"{a.disk_bytes / 1e6:.1f}/{b.disk_bytes / 1e6:.1f}".ljust(14),
            f"{a.light_s:.2f}/{b.light_s:.2f}".ljust(16),
            f"{a.duration_s:.1f}/{b.duration_s:.1f}".ljust(18),
        )
        lines.append("".join(cells) + (f"OFF: {', '.join(row.off)} " if row.off else ""))
        lines.append(f"    {row.plan}")
    return "\n".join(lines)


def compare(plan: Plan) -> Compared:
    """Predict a plan's figures, rehearse it, and count them in its journal."""
    from agent.planner.describe import describe
    from agent.planner.facts import facts_of

    config, _ = _demo()
    outcome, rehearsed = _rehearse(plan, config)
    return Compared(describe(facts_of(plan)), predict(plan), rehearsed, outcome)


def predict(plan: Plan) -> Figures:
    """What `microscout plan` and `check` say of it."""
    config, facts = _demo()
    frame_bytes = facts.frame.binned(plan.camera.binning).bytes if facts.frame else None
    takes = estimate(plan, config, plan.objective or facts.objective, frame_bytes=frame_bytes)
    return Figures(
        takes.visits,
        takes.frames,
        takes.disk_bytes or 0,
        takes.total.seconds,
        takes.total.j_cm2 or 0.0,
        takes.duration_s,
    )


def random_plans(number: int, seed: int) -> list[Plan]:
    """Plans that the checks have nothing against, short enough to be run."""
    rng = Random(seed)
    made: list[Plan] = []
    config, facts = _demo()
    while len(made) < number:
        plan = _plan(_slots(rng), config, facts)
        takes = estimate(plan, config)
        found = check(plan, config, facts=facts, where=Where("plan", config.name))
        if takes.frames <= FRAMES and not errors(found):
            made.append(plan)
    return made


@cache
def _demo() -> tuple[MicroscopeConfig, InstrumentFacts]:
    """The demo microscope as the simulated one is: its camera, its objective."""
    loaded, scenario = load_microscope("demo"), load_scenario(SCENARIO)
    frame = FrameSize(scenario.camera.height, scenario.camera.width, PIXEL_BYTES)
    facts = dataclasses.replace(
        instrument_facts(loaded), findings=(), objective=scenario.objective, frame=frame
    )
    return loaded.config, facts


def _slots(rng: Random) -> dict[str, Any]:
    config, _ = _demo()
    slots: dict[str, Any]
    if rng.random() < 0.4:
        wells = rng.sample([f"{row}{n}" for row in "ABC" for n in range(1, 5)], rng.randint(1, 4))
        slots = {"wells": tuple(sorted(wells)), "plate": rng.choice(["12-well", "96-well"])}
    else:
        names = tuple(config.positions)
        slots = {"positions": tuple(rng.sample(names, rng.randint(1, len(names))))}
    if rng.random() < 0.25:
        slots |= {"grid.rows": rng.randint(1, 2), "grid.columns": 2, "grid.overlap_percent": 10}
    slots["channels"] = tuple(rng.sample(list(config.channels), rng.randint(1, 2)))
    slots |= {f"exposure_ms.{c}": rng.choice([10, 20, 50, 100]) for c in slots["channels"]}
    slots |= _times(rng)
    if rng.random() < 0.3:
        slots |= {"stack.range_um": rng.choice([4, 6]), "stack.step_um": rng.choice([1, 2])}
        if len(slots["channels"]) > 1 and rng.random() < 0.4:
            slots["stack.channels"] = slots["channels"][:1]
    if "positions" in slots and "once" not in slots and rng.random() < 0.7:
        slots["channels"] = tuple(dict.fromkeys(("DAPI", *slots["channels"])))
        slots["exposure_ms.DAPI"] = 20
        slots |= {
            "autofocus.when": "every_nth_round",
            "autofocus.every_n_rounds": rng.randint(1, 4),
            "autofocus.channel": "DAPI",
            "autofocus.exposure_ms": 20,
            "autofocus.range_um": rng.choice([12, 16]),
        }
    if rng.random() < 0.3:
        slots["binning"] = rng.choice([2, 4])
    if rng.random() < 0.3:
        slots["objective"] = rng.choice(["10X", "20X", "40X"])
    return slots


def _times(rng: Random) -> dict[str, Any]:
    interval_s = rng.choice([60, 120, 300, 600])
    kind = rng.choice(["once", "length", "rounds", "phases"])
    if kind == "once":
        return {"once": True}
    if kind == "length":
        return {"interval_s": interval_s, "duration_s": interval_s * rng.randint(2, 8)}
    if kind == "rounds":
        return {"interval_s": interval_s, "rounds": rng.randint(2, 8)}
    fast_s, slow_s = 60, 2 * interval_s
    return {"phases": ((fast_s, fast_s * rng.randint(2, 4)), (slow_s, slow_s * rng.randint(1, 3)))}


def _plan(slots: dict[str, Any], config: MicroscopeConfig, facts: InstrumentFacts) -> Plan:
    source = Default("random", "a benchmark")
    said = {slot: Said(slot, value, source) for slot, value in slots.items()}
    plan = assemble(Draft("benchmark of estimates", said=said), config, facts)
    if isinstance(plan, Question):
        raise ValueError(plan.text)
    judge = ClassicalJudgeConfig(channel=plan.judge.channel)
    return plan.model_copy(update={"judge": judge})


def _rehearse(plan: Plan, config: MicroscopeConfig) -> tuple[str, Figures]:
    scope = open_scope(config, _scenario(plan), seed=1)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(RunDir(Path(folder)), plan, config, scope, Quiet(), durable=False)
        try:
            if isinstance(refused := session.begin(), Refusal):
                raise ValueError(str(refused))
            height, width, dtype = session.microscope.image_format()
            ending = session.run()
            if ending.error is not None:
                raise ending.error
            rows = session.journal.database.rows
            visits = rows("SELECT count(*) FROM visits WHERE state='delivered'")[0][0]
            frames = rows("SELECT count(*) FROM frames")[0][0]
            light, lasted_s = session.ledger.total(), session.clock.now()
        finally:
            session.close()
    frame_bytes = height * width * (1 if dtype == "uint8" else 2)
    figures = Figures(
        visits, frames, frames * frame_bytes, light.seconds, light.j_cm2 or 0.0, lasted_s
    )
    return str(ending.outcome), figures


def _scenario(plan: Plan) -> Scenario:
    scenario = load_scenario(SCENARIO)
    if plan.objective is None:
        return scenario
    return scenario.model_copy(update={"objective": plan.objective})
