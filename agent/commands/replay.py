"""`microscout replay`: the same loop over recorded images."""

from __future__ import annotations

import dataclasses
import json as jsonlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.check import check, instrument_facts, where
from agent.commands.conduct import conduct, identity, refuse_on_errors
from agent.finding import config_error
from agent.load import LoadedPlan, load_microscope, load_plan
from agent.plan import Plan
from agent.rundir import create

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig
    from sim.replay.scope import ReplayScope

RUNS = Path("runs")
DEFAULT_MICROSCOPE = "demo"


@dataclass(frozen=True, slots=True)
class Recording:
    """Which images, and how they were taken. `pixel_size_um` is None where the files say it."""

    images: Path
    pixel_size_um: float | None
    select: str | None
    limit: int | None
    interval_s: float


def replay(
    plan_name: str,
    recording: Recording,
    microscope_name: str | None,
    out: Path | None,
    *,
    json: bool,
) -> int:
    """Exit code 0 when the run is complete."""
    loaded = load_plan(plan_name)
    microscope = load_microscope(
        microscope_name or loaded.plan.microscope or DEFAULT_MICROSCOPE, beside=loaded.path.parent
    )
    if out is not None and out.exists():
        raise config_error(out, "exists already; nothing was written", "choose another --out")
    wanted = tuple(channel.config for channel in loaded.plan.baseline.channels)
    scope = _open(recording, microscope.config, wanted)
    try:
        plan = over_recording(loaded.plan, scope)
        facts = instrument_facts(microscope, out=out)
        facts = dataclasses.replace(
            facts, pixel_sizes_um={facts.objective or "": scope.pixel_size_um}
        )
        shown = LoadedPlan(plan, loaded.path, loaded.lines)
        refuse_on_errors(check(plan, scope.config, facts=facts, where=where(shown, microscope)))
    except BaseException:
        scope.shutdown()
        raise
    for note in scope.notes:
        print(f"note: {note}", file=sys.stderr)

    from agent.progress import make_progress
    from agent.session import Session, end_s

    run_dir = create(out, loaded.path.stem, RUNS)
    title = f"replay of {recording.images.name}"
    with make_progress(end_s(plan), title, json=json, stream=sys.stderr) as progress:
        session = Session(run_dir, plan, scope.config, scope, progress, durable=False)
        shown_microscope = dataclasses.replace(microscope, config=scope.config)
        session.journal.records.set(
            kind="replay",
            recording=jsonlib.dumps(
                dataclasses.asdict(recording) | {"images": str(recording.images.resolve())}
            ),
            channels=jsonlib.dumps(wanted),
            **identity(shown, shown_microscope, scope),
        )
        session.begin()
        for note in scope.notes:
            session.journal.records.note("recording", note)
        return conduct(session, as_json=json).exit_code


def over_recording(plan: Plan, scope: ReplayScope) -> Plan:
    """The plan with the recording's fields, time points and planes in its baseline."""
    by_preset = {channel.config: channel for channel in plan.baseline.channels}
    first = plan.baseline.channels[0]
    channels = [
        by_preset.get(preset, first.model_copy(update={"config": preset}))
        for preset in scope.channels
    ]
    baseline: dict[str, Any] = {
        "axis_order": "tpcz",
        "stage_positions": [
            {"name": fov.name, "x": fov.x_um, "y": fov.y_um, "z": fov.z_um} for fov in scope.fovs
        ],
        "channels": [channel.model_dump(exclude_unset=True) for channel in channels],
        "time_plan": {"interval": scope.interval_s, "loops": scope.timepoints},
    }
    if len(scope.z_offsets_um) > 1:
        baseline["z_plan"] = {"relative": list(scope.z_offsets_um)}
    return Plan.model_validate(
        plan.model_dump(exclude={"baseline"}, exclude_unset=True) | {"baseline": baseline}
    )


def reopen(keys: dict[str, str], config: MicroscopeConfig) -> ReplayScope:
    """The scope of an interrupted replay."""
    stored = jsonlib.loads(keys["recording"])
    recording = Recording(**stored | {"images": Path(stored["images"])})
    return _open(recording, config, tuple(jsonlib.loads(keys["channels"])))


def _open(
    recording: Recording, config: MicroscopeConfig, channels: tuple[str, ...]
) -> ReplayScope:
    from sim.replay import ReplayError
    from sim.replay.scope import open_replay

    try:
        return open_replay(
            recording.images,
            config,
            pixel_size_um=recording.pixel_size_um,
            select=recording.select,
            interval_s=recording.interval_s,
            limit=recording.limit,
            channels=channels,
        )
    except ReplayError as error:
        raise config_error("--images", str(error), "") from None
