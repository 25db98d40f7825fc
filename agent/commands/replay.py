"""`microscout replay`: the same loop over recorded images."""

from __future__ import annotations

import contextlib
import dataclasses
import json as jsonlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.check import FrameSize, instrument_facts
from agent.commands.appointment import at_once
from agent.commands.look import look_over, refuse_on_errors
from agent.finding import config_error
from agent.load import LoadedPlan, load_microscope, load_plan
from agent.plan import Plan

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig
    from sim.replay.scope import ReplayScope

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
    wanted = tuple(channel.config for channel in loaded.plan.baseline.channels)
    if not wanted:
        message, remedy = "no channels: nothing to look at", "add at least one, with config"
        raise config_error(loaded.path, message, remedy, key="baseline.channels")
    facts = instrument_facts(microscope)
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:
        scope = _open(recording, microscope.config, wanted)
        undo.callback(scope.shutdown)
        shown = LoadedPlan(over_recording(loaded.plan, scope), loaded.path, loaded.lines)
        shown_microscope = dataclasses.replace(microscope, config=scope.config)
        core = scope.core
        facts = dataclasses.replace(
            facts,
            findings=(),  # about a real instrument: there is none
            pixel_sizes_um={facts.objective or "": scope.pixel_size_um},
            frame=FrameSize(core.getImageHeight(), core.getImageWidth(), core.getBytesPerPixel()),
        )
        refuse_on_errors(look_over(shown, shown_microscope, facts, out))
        at_once(loaded, "replay")
        notes = (*scope.notes, *left_out(loaded.plan))
        for note in notes:
            print(f"note: {note}", file=sys.stderr)

        from agent.commands.conduct import conduct
        from agent.commands.start import begin, new_run
        from agent.progress import make_progress
        from agent.session import end_s

        title = f"replay of {recording.images.resolve().name}"
        progress = held.enter_context(
            make_progress(end_s(shown.plan), title, json=json, stream=sys.stderr)
        )
        session = begin(
            undo,
            new_run(held, undo, out, loaded.path.stem),
            shown,
            shown_microscope,
            scope,
            progress,
            durable=False,
            kind="replay",
            recording=jsonlib.dumps(
                dataclasses.asdict(recording) | {"images": str(recording.images.resolve())}
            ),
            channels=jsonlib.dumps(wanted),
        )
        for note in notes:
            session.journal.records.note("recording", note)
        return conduct(session, undo, as_json=json)


def left_out(plan: Plan) -> list[str]:
    """What of the plan no recording can show: it has its own objective, planes and place."""
    given = {
        "objective": plan.objective,
        "reaction.objective": plan.reaction.objective,
        "reaction.z_plan": plan.reaction.z_plan,
        "reaction.follow": plan.reaction.follow or None,
    }
    names = [key for key, value in given.items() if value is not None]
    return [f"left out, the recording shows what was imaged: {', '.join(names)}"] if names else []


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
    recorded: dict[str, Any] = {
        "baseline": True,
        "objective": True,
        "reaction": {"objective", "z_plan", "follow"},
    }
    return Plan.model_validate(
        plan.model_dump(exclude=recorded, exclude_unset=True) | {"baseline": baseline}
    )


def reopen(keys: dict[str, str], config: MicroscopeConfig) -> ReplayScope:
    """The scope of an interrupted replay."""
    stored = jsonlib.loads(keys["recording"])
    recording = Recording(**stored | {"images": Path(stored["images"])})
    return _open(recording, config, tuple(jsonlib.loads(keys["channels"])))


def _open(recording: Recording, config: MicroscopeConfig, channels: tuple[str, ...]) -> ReplayScope:
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
