"""A hard night in the loop: what each judge captures for how much light.

The plan `hard_night` is rehearsed on fresh seeds with thresholds (enter, leave) swept for both
judges. A judge that is asked to be less sure reacts more often and spends more light, so that
captured divisions and false reactions are compared along the light, not at one setting.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from agent.bench.crash import MICROSCOUT
from agent.load import load_plan

if TYPE_CHECKING:
    from agent.bench.judge.bench import Bench

PLAN = "hard_night"
SEEDS = (3101, 3102)  # fresh: the plan's own thresholds were chosen on its seed 17
SWEEP: dict[str, tuple[tuple[float, float], ...]] = {  # judge -> (enter, leave)
    "mllm": ((0.98, 0.85), (0.96, 0.75), (0.95, 0.7), (0.9, 0.6)),
    "classical": ((0.9, 0.6), (0.5, 0.3), (0.2, 0.1), (0.05, 0.02), (0.01, 0.005)),
}
MOST_S = 1800.0  # of the wall for one night
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Night:
    """One rehearsal: divisions, those captured, reactions to nothing, and the light.

    `light`: share of what filming every field at the reaction's rate would cost.
    """

    total: int
    captured: int
    false_reactions: int
    light: float


def run(bench: Bench) -> dict[str, Any]:
    """A row for every judge and threshold, over all seeds; fewer seeds with a smaller share."""
    seeds = bench.some(list(SEEDS))[: max(1, round(len(SEEDS) * bench.share))]
    rows = []
    for judge, thresholds in SWEEP.items():
        for enter, leave in thresholds:
            nights = [night(judge, enter, leave, seed, bench.weights) for seed in seeds]
            rows.append({"judge": judge, "enter": enter, "leave": leave, **together(nights)})
            bench.say(f"{rows[-1]}")
    return {"plan": PLAN, "seeds": list(seeds), "rows": rows, "equal_light": equal_light(rows)}


def together(nights: list[Night]) -> dict[str, Any]:
    """Sums over nights, and the mean of the light."""
    return {
        "total": sum(one.total for one in nights),
        "captured": sum(one.captured for one in nights),
        "false_reactions": sum(one.false_reactions for one in nights),
        "light": round(sum(one.light for one in nights) / len(nights), 4),
        "by_seed": [f"{one.captured}/{one.total}" for one in nights],
    }


def equal_light(rows: list[Row]) -> list[Row]:
    """For every setting of the mllm: the best of the classical judge at no less light.

    `classical` is None where it never spent as much, `most` is what it captured at its most light.
    """
    beside = [row for row in rows if row["judge"] == "classical"]
    most = max(beside, key=lambda row: float(row["light"]), default=None)
    found = []
    for row in rows:
        if row["judge"] != "mllm":
            continue
        enough = [other for other in beside if other["light"] >= row["light"]]
        best = max(enough, key=lambda other: int(other["captured"]), default=None)
        found.append({"mllm": row, "classical": best, "most": most})
    return found


def night(judge: str, enter: float, leave: float, seed: int, weights: Path | None) -> Night:
    """Rehearse once, in a process of its own. RuntimeError with its last words where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / f"{PLAN}.yaml"
        plan.write_text(yaml.safe_dump(plan_with(judge, enter, leave, weights)), encoding="utf-8")
        out = str(Path(folder) / "run")
        done = subprocess.run(
            [*MICROSCOUT, "rehearse", str(plan), "--seed", str(seed), "--out", out, "--json"],
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
        lines = done.stdout.strip().splitlines()
        if done.returncode != 0 or not lines:
            raise RuntimeError(f"the rehearsal failed ({done.returncode}): {done.stderr[-300:]}")
        return night_of(json.loads(lines[-1]))


def plan_with(judge: str, enter: float, leave: float, weights: Path | None) -> dict[str, Any]:
    """The plan as YAML data, with another judge and other thresholds."""
    plan: dict[str, Any] = yaml.safe_load(load_plan(PLAN).path.read_text(encoding="utf-8"))
    plan["judge"] = {"kind": judge, "channel": plan["judge"]["channel"]}
    if judge == "mllm" and weights is not None:
        plan["judge"]["weights"] = str(weights)
    plan["decide"] |= {"enter": enter, "leave": leave}
    return plan


def night_of(summary: dict[str, Any]) -> Night:
    """From what `rehearse --json` prints."""
    events, dose = summary["events"], summary["dose"]
    return Night(
        total=events["total"],
        captured=events["captured"],
        false_reactions=events["false_reactions"],
        light=dose["total_j_cm2"] / dose["fixed_plan_j_cm2"],
    )
