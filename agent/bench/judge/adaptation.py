"""A few labelled examples of something new: the adaptation pilot, with its own measurements.

The set is one that all training keeps out of. The whole pilot trains adapters of several sizes and
seeds; with a share below 1 only one of each.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.bench.judge.bench import Bench

SET, TEST_IMAGES = "bccd_blood", 72


def run(bench: Bench) -> dict[str, Any]:
    """What `policies.mllm.adapt.pilot` measures."""
    folder = bench.folder(SET)
    if folder is None:
        return {"not_run": f"needs {SET} in the data folder"}
    less: dict[str, Any] = {}
    if bench.share < 1:
        less = {"sizes": (8,), "seeds": (0,), "test_images": bench.count(TEST_IMAGES)}
    pilot = import_module("policies.mllm.adapt.pilot").pilot
    found: dict[str, Any] = pilot(folder, bench.weights, say=bench.say, **less)
    return {**found, "old_splits": import_module("agent.bench.judge.old_splits").run(bench, folder)}
