"""A complete draft becomes a plan. Pure: nothing is decided here that the draft does not say."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import useq

from agent.plan import Plan
from agent.planner.draft import Question

if TYPE_CHECKING:
    from agent.check import InstrumentFacts
    from agent.planner.draft import Draft
    from hardware.data import MicroscopeConfig

GOAL_LENGTH = 200
JUDGED = ("mllm", "classical")  # who looks, and who is asked when the first abstains
FULL_PLATE = "microscout_plate"  # where the baseline's metadata name the plate of spelled-out wells


def assemble(
    draft: Draft, config: MicroscopeConfig, facts: InstrumentFacts | None
) -> Plan | Question:
    """The plan of a draft without open questions; a Question where only the instrument knows.

    Raises ValueError (pydantic's) where the parts do not fit each other.
    """
    sequence = _baseline(draft, config, facts)
    if isinstance(sequence, Question):
        return sequence
    data: dict[str, Any] = {
        "goal": _goal(draft.instruction),
        "microscope": config.name,
        "baseline": sequence,
        "judge": {"kind": JUDGED[0], "fallback": JUDGED[1], "channel": draft.get("channels")[0]},
        "decide": _decide(draft),
        "autofocus": _autofocus(draft),
        "budget": _below(draft, "budget."),
        "stop": _below(draft, "stop."),
        "notify": _below(draft, "notify."),
        "camera": {"binning": draft.get("binning", 1)},
        "coupling": draft.get("coupling", "free_run"),
        "objective": draft.get("objective"),
    }
    if reaction := _reaction(draft, config):
        data["reaction"] = reaction
    if draft.has("search.best"):
        data["search"] = _below(draft, "search.")
        if draft.get("search.by") == "target" and not draft.get("watch"):
            data["search"]["target"] = draft.get("target")
    if draft.has("start_at"):
        data["start_at"] = dt.datetime.fromisoformat(draft.get("start_at"))
    return Plan.model_validate(data)


def _goal(instruction: str) -> str:
    words = " ".join(instruction.split())
    return words if len(words) <= GOAL_LENGTH else words[: GOAL_LENGTH - 1] + "…"


def _below(draft: Draft, prefix: str) -> dict[str, Any]:
    return {
        slot.removeprefix(prefix): said.value
        for slot, said in draft.said.items()
        if slot.startswith(prefix)
    }


def _baseline(
    draft: Draft, config: MicroscopeConfig, facts: InstrumentFacts | None
) -> useq.MDASequence | Question:
    parts: dict[str, Any] = {"axis_order": "tpgcz" if draft.has("grid.rows") else "tpcz"}
    grid = _grid(draft, facts)
    if isinstance(grid, Question):
        return grid
    if grid is not None:
        parts["grid_plan"] = grid
    parts["stage_positions"] = _positions(draft, config, spelled=grid is not None)
    if grid is not None and draft.has("wells"):
        parts["metadata"] = {FULL_PLATE: draft.get("plate")}
    only = draft.get("stack.channels")
    parts["channels"] = [
        {
            "group": config.channel_group,
            "config": preset,
            "exposure": draft.get(f"exposure_ms.{preset}"),
            **({"do_stack": False} if only is not None and preset not in only else {}),
        }
        for preset in draft.get("channels")
    ]
    stack = z_plan(draft, "stack.")
    if stack is not None:
        parts["z_plan"] = stack
    time = _time_plan(draft)
    if time is not None:
        parts["time_plan"] = time
    return useq.MDASequence.model_validate(parts)


def _positions(draft: Draft, config: MicroscopeConfig, *, spelled: bool) -> Any:
    if not draft.has("wells"):
        return [
            {"name": name, "x": p.x_um, "y": p.y_um, "z": p.z_um}
            for name in draft.get("positions")
            for p in [config.positions[name]]
        ]
    kind = draft.get("plate")
    plate = config.plates[kind]
    rows, columns = zip(*(_row_column(name) for name in draft.get("wells")), strict=True)
    plan = useq.WellPlatePlan.model_validate(
        {
            "plate": kind,
            "a1_center_xy": plate.a1_center_xy_um,
            "rotation": plate.rotation_deg or None,
            "selected_wells": (list(rows), list(columns)),
            "well_points_plan": {"x": 0, "y": 0, "z": plate.z_um},
        }
    )
    if not spelled:
        return plan
    return [{"name": p.name, "x": p.x, "y": p.y, "z": plate.z_um} for p in plan.image_positions]


def _row_column(well: str) -> tuple[int, int]:
    """A1 -> (0, 0), AF48 -> (31, 47)."""
    match = re.fullmatch(r"([A-Z]{1,2})0?(\d{1,2})", well)
    if match is None:
        raise ValueError(f"{well}: is not the name of a well")
    row = 0
    for letter in match.group(1):
        row = 26 * row + ord(letter) - 64
    return row - 1, int(match.group(2)) - 1


def _grid(draft: Draft, facts: InstrumentFacts | None) -> dict[str, Any] | Question | None:
    if not draft.has("grid.rows"):
        return None
    pixel_um = None
    if facts is not None and facts.frame is not None:
        wanted = draft.get("objective") or facts.objective or ""
        pixel_um = facts.pixel_sizes_um.get(wanted)
    if pixel_um is None or facts is None or facts.frame is None:
        return Question(
            "objective",
            "how large is one image? The grid needs the objective whose pixel size is known",
            tuple(facts.pixel_sizes_um) if facts is not None else (),
        )
    overlap = draft.get("grid.overlap_percent")
    return {
        "rows": draft.get("grid.rows"),
        "columns": draft.get("grid.columns"),
        "overlap": (overlap, overlap),
        "fov_width": facts.frame.width * pixel_um,
        "fov_height": facts.frame.height * pixel_um,
    }


def z_plan(draft: Draft, prefix: str) -> dict[str, Any] | None:
    """A useq z plan of the slots below `prefix` (um, relative), None where there are none."""
    if not draft.has(prefix) or (
        prefix == "stack."
        and draft.said.keys() & {"stack.channels"}
        == {s for s in draft.said if s.startswith("stack.")}
    ):
        return None
    width, step = draft.get(f"{prefix}range_um"), draft.get(f"{prefix}step_um")
    planes = draft.get(f"{prefix}planes")
    above, below = draft.get(f"{prefix}above_um"), draft.get(f"{prefix}below_um")
    if above is not None or below is not None:
        above, below = above or 0.0, below or 0.0
        if step is None:
            step = (above + below) / (planes - 1)
        return {"above": above, "below": below, "step": step}
    if width is None:
        width = (planes - 1) * step
    elif step is None:
        step = width / (planes - 1)
    return {"range": width, "step": step}


def _time_plan(draft: Draft) -> Any:
    if draft.has("phases"):
        return [{"interval": i, "duration": d} for i, d in draft.get("phases")]
    interval, length = draft.get("interval_s"), draft.get("duration_s")
    rounds = draft.get("rounds")
    if interval is not None and length is not None:
        return {"interval": interval, "duration": length}
    if interval is not None and rounds is not None:
        return {"interval": interval, "loops": rounds}
    if length is not None and rounds is not None:
        return {"duration": length, "loops": rounds}
    return None


def _decide(draft: Draft) -> dict[str, Any]:
    if not draft.get("watch"):
        return {"policy": "fixed"}
    decide: dict[str, Any] = {"policy": "watch", "target": draft.get("target")}
    length = draft.get("reaction.duration_s")
    if not draft.get("reaction.until_gone") and length is not None:
        decide["min_dwell_s"] = length  # filmed for as long as was said, whatever is seen
    return decide


def _reaction(draft: Draft, config: MicroscopeConfig) -> dict[str, Any]:
    if not draft.get("watch"):
        return {}
    reaction: dict[str, Any] = {
        "interval_s": draft.get("reaction.interval_s"),
        "duration_s": draft.get("reaction.duration_s"),
        "objective": draft.get("reaction.objective"),
        "repeat": draft.get("reaction.repeat", "every_event"),
        "follow": bool(draft.get("reaction.follow")),
    }
    stack = z_plan(draft, "reaction.stack.")
    if stack is not None:
        reaction["z_plan"] = stack
    if draft.has("reaction.channels"):
        reaction["channels"] = [
            {
                "group": config.channel_group,
                "config": preset,
                "exposure": draft.get(f"reaction.exposure_ms.{preset}"),
            }
            for preset in draft.get("reaction.channels")
        ]
    return {key: value for key, value in reaction.items() if value is not None}


def _autofocus(draft: Draft) -> dict[str, Any] | None:
    if not draft.has("autofocus."):
        return None
    focus = _below(draft, "autofocus.")
    if "range_um" in focus:
        focus["coarse_step_um"] = min(focus["range_um"] / 4, 4.0)
        focus["fine_step_um"] = focus["coarse_step_um"] / 4
    return focus
