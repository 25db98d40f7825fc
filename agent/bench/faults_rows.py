"""The faults of devices, one row each."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import measure, run_with_fault
from agent.bench.faults_data import Cell, Row, When
from agent.bench.faults_rig import Rig, plan, with_stacks
from agent.bench.faults_runner import HangsError

if TYPE_CHECKING:
    from collections.abc import Callable

SIMULATOR = "simulated device"
NO_CALL = "without effect: nothing is asked of it while nothing is due"
IN_BURSTS = "the turret turns for bursts only"
TURNS = dict.fromkeys((When.IDLE, When.ACQUIRING, When.RESUMING), IN_BURSTS)


def device(name: str, title: str, word: str, **more: Any) -> Row:
    """A row whose fault is the simulator's `name`."""
    return Row(name, title, SIMULATOR, more.pop("group", "devices"), word, **more)


LIES = "Nothing tells it from a good one but the picture; the judge may call it out of focus."
DEVICES: tuple[Row, ...] = (
    device("stage_raises", "stage: the call fails", "xy stage"),
    device("stage_hangs", "stage: the call hangs", "xy stage"),
    device("stuck_stage", "stage: stuck", "xy stage"),
    device("stage_drifts", "stage: drifts after the move", "stage x|stage at"),
    device("stage_lies", "stage: reads as asked, does not move", "", limit=LIES),
    device("focus_raises", "focus drive: the call fails", "focus drive"),
    device("focus_hangs", "focus drive: the call hangs", "focus drive"),
    device("focus_stuck", "focus drive: stuck", "focus drive"),
    device("focus_lies", "focus drive: reads as asked, does not move", "", limit=LIES),
    device("channel_raises", "filter wheel: the call fails", "channel group"),
    device("channel_hangs", "filter wheel: the call hangs", "channel group"),
    device("channel_stuck", "filter wheel: stuck", "channel group"),
    device("channel_lies", "filter wheel: reads as asked, does not turn", "", limit=LIES),
    device("turret_raises", "turret: the call fails", "turret", skip=TURNS),
    device("turret_hangs", "turret: the call hangs", "turret", skip=TURNS),
    device("turret_stuck", "turret: stuck", "turret", skip=TURNS),
    device("turret_lies", "turret: reads as asked, does not turn", "", skip=TURNS, limit=LIES),
    device("setting_raises", "camera: a setting fails", "camera"),
    device("setting_hangs", "camera: a setting hangs", "camera"),
    device("setting_stuck", "camera: a setting is not taken", "camera"),
    device("camera_raises", "camera: the exposure fails", "camera"),
    device("camera_hangs", "camera: hangs with the light on", "camera"),
    device("camera_timeout", "camera: exposes, no image comes", "camera"),
    device("dropped_frame", "camera: loses every image", "image"),
    device("camera_silent", "camera: a stack runs, and is silent", "camera"),
    device("camera_short", "camera: a stack comes short", "camera"),
    device("camera_wrong_size", "camera: images of a wrong size", "frame is"),
    device(
        "camera_stale",
        "camera: the same image again and again",
        "",
        limit="Not looked for: two images are not compared with each other.",
    ),
    device("shutter_raises", "shutter: closing fails", "shutter"),
    device("shutter_hangs", "shutter: closing hangs", "shutter|longer than announced"),
    device("shutter_stuck", "shutter: does not close", "shutter"),
    device(
        "shutter_lies", "shutter: reads closed, stays open", "camera sees|longer than announced"
    ),
    device(
        "lamp_failure",
        "lamp: no light",
        "",
        limit="Dark pictures are the judge's to find; the ledger counts light that never came.",
    ),
    device("reading_hangs", "every reading hangs (the adapter's lock)", "no answer|not close"),
)
STACKS = {"camera_silent", "camera_short"}


def measure_device(context: Any, row: Row, when: When) -> Cell:
    """A fault of the simulator."""

    def faults(from_s: float, to_s: float) -> list[dict[str, Any]]:
        return [{"kind": row.name, "from_s": from_s, "to_s": to_s, "um": 12.0}]

    content = plan()
    if row.name in STACKS:
        with_stacks(content)
    if row.name.startswith("turret"):
        content["reaction"]["objective"] = "40X"
        content["judge"] = {"kind": "classical"}
        content["decide"] = {"policy": "watch", "target": "mitosis"}
    return measured(
        context,
        row,
        when,
        content,
        lambda cell, rig: measure(
            cell,
            rig,
            run_with_fault(rig, when, faults),
            row.word,
            quiet=not row.word or when is When.IDLE,
        ),
    )


def measured(
    context: Any,
    row: Row,
    when: When,
    content: dict[str, Any],
    work: Callable[[Cell, Rig], Cell],
    folder: Path | None = None,
) -> Cell:
    """Make a cell in a folder of its own; what does not end in time is a cell that failed."""
    cell = Cell(row.name, when)
    if when in row.skip:
        cell.reason = row.skip[when]
        return cell
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as made:
        rig = Rig(context, Path(made), content, dark_frame=row.how == SIMULATOR)
        try:
            work(cell, rig)
        except HangsError as error:
            cell.became, cell.note = "hangs", str(error)
            cell.truth = cell.recovery = type(cell.truth).NO
        finally:
            rig.close()
    cell.took_s = round(time.monotonic() - began, 1)
    return cell
