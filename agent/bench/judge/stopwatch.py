"""The process that `agent.bench.judge.speed` starts: verdicts by the clock, as JSON on stdout.

Arguments: time of the start (seconds since the epoch), file with the frames, folder of weights
("" for the shipped ones), number of verdicts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.lookers import frame_of

if TYPE_CHECKING:
    from hardware.data import Frame
    from policies.judge import Judge

MIB = 1024 if sys.platform != "darwin" else 1024**2  # of ru_maxrss


def main(started: float, frames: Path, weights: Path | None, verdicts: int) -> dict[str, Any]:
    """Measure; peak memory is read before the classical judge is loaded."""
    from policies.mllm.judge import MllmJudge

    judge = MllmJudge(None, weights)
    with np.load(frames) as file:
        pictures = [frame_of(pixels, float(file["um"])) for pixels in file["frames"]]
    judge.judge([pictures[0]], target="mitosis")
    first_s = time.time() - started
    ms = _laps(judge, pictures, verdicts)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB

    import torch

    from policies.classical.judge import ClassicalJudge

    classical = ClassicalJudge()
    classical.judge([pictures[0]], target="mitosis")
    return {
        "verdicts": verdicts,
        "threads": torch.get_num_threads(),
        "mllm": {
            "seconds_to_first_verdict": round(first_s, 2),
            **_figures(ms),
            "peak_mib": round(peak_mib, 1),
        },
        "classical": _figures(_laps(classical, pictures, verdicts)),
    }


def _laps(judge: Judge, pictures: list[Frame], verdicts: int) -> list[float]:
    """Milliseconds of each verdict, one after the other."""
    ms = []
    for n in range(verdicts):
        started = time.perf_counter()
        judge.judge([pictures[n % len(pictures)]], target="mitosis")
        ms.append((time.perf_counter() - started) * 1000)
    return ms


def _figures(ms: list[float]) -> dict[str, float]:
    return {
        "median_ms": round(float(np.median(ms)), 1),
        "p99_ms": round(float(np.percentile(ms, 99)), 1),
        "images_per_s": round(1000 * len(ms) / sum(ms), 2),
    }


if __name__ == "__main__":
    _, begun, file, folder, number = sys.argv
    print(json.dumps(main(float(begun), Path(file), Path(folder) if folder else None, int(number))))
