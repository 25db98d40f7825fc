"""Runs the parts that were asked for, one after the other, and prints one result.

Every part is a module of this package with `run(bench) -> dict`, imported when its turn comes.
"""

from __future__ import annotations

import json as jsonlib
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agent.bench.machine import machine
from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARTS = (
    "segmentation",
    "focus",
    "mitosis",
    "artefacts",
    "calibration",
    "speed",
    "language",
    "adaptation",
    "night",
)
NEED_DATA = ("segmentation", "artefacts", "adaptation")  # the others have simulated pictures too
SEED = 3000  # of everything: no training or tuning stream starts from it


def bench_judge(
    data: Path | None,
    parts: list[str],
    weights: Path | None,
    *,
    json: bool,
    share: float = 1.0,
) -> int:
    """Print the tables or the JSON object; exit code 0.

    `data`: folder of labelled image sets (None: what needs none is run, the rest says so).
    `parts`: some of `PARTS`; none means all. `weights`: None for the shipped ones. `share`: of the
    usual number of pictures, for a quick look. Raises ConfigError for a folder or a part that does
    not exist, JudgeUnavailable where the weights cannot be loaded.
    """
    chosen = _chosen(parts)
    if data is not None and not data.is_dir():
        raise config_error(data, "no such folder", "name the folder of image sets, or leave it out")
    result = measure(data, chosen, weights, share)
    if json:
        print(jsonlib.dumps(result))
    else:
        from agent.bench.judge.tables import render

        print(render(result))
    return 0


def measure(
    data: Path | None, parts: list[str], weights: Path | None, share: float = 1.0
) -> dict[str, Any]:
    """The result of all `parts`, JSON-able."""
    from agent.bench.judge.bench import Bench

    bench = Bench(data, weights, SEED, share)
    found: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for part in parts:
        started = time.perf_counter()
        print(f"bench judge: {part} ...", file=sys.stderr, flush=True)
        found[part] = _run(part, bench, data)
        seconds[part] = round(time.perf_counter() - started, 1)
        print(f"bench judge: {part} took {seconds[part]} s", file=sys.stderr, flush=True)
    return {
        "bench": "judge",
        "machine": machine(),
        "threads": bench.threads,
        "model": bench.mllm.name,
        "seed": SEED,
        "share": share,
        "seconds": seconds,
        "missing_sets": sorted(bench.missing) if data is not None else [],
        "parts": found,
    }


def _run(part: str, bench: Any, data: Path | None) -> dict[str, Any]:
    from policies.mllm.faults import BrickError

    if data is None and part in NEED_DATA:
        return {"not_run": "needs --data, a folder of labelled image sets"}
    run: Callable[[Any], dict[str, Any]] = import_module(f"agent.bench.judge.{part}").run
    try:
        return run(bench)
    except BrickError as error:
        return {"not_run": str(error)}


def _chosen(parts: list[str]) -> list[str]:
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise config_error("bench judge", f"no part {unknown[0]!r}", f"one of {', '.join(PARTS)}")
    return [part for part in PARTS if part in parts or not parts]
