"""`microscout bench judge`: the multimodal judge on held-out data, the classical one beside it."""

from __future__ import annotations

from agent.bench.judge.command import PARTS, bench_judge
from agent.bench.judge.tables import render

__all__ = ["PARTS", "bench_judge", "render"]
