"""What the child process gets to see and may use of the machine."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

THREADS = (  # read by OpenMP, MKL, OpenBLAS, macOS's Accelerate, numexpr
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
NICE = 5
OOM_SCORE = "500"  # of 1000: where memory runs out, the kernel ends the model before the run
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|WEBHOOK|DSN", re.IGNORECASE)
_NEEDED = {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "TOKENIZERS_PARALLELISM"}  # models of the hub
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def spare_threads() -> int:
    """All cores that this process may use, but one, which is the acquisition's; at least 1."""
    if sys.platform == "linux":
        return max(1, len(os.sched_getaffinity(0)) - 1)
    return max(1, (os.cpu_count() or 2) - 1)


def environment(threads: int, given: Mapping[str, str]) -> dict[str, str]:
    """Of `given` all but secrets (the model needs none), with the number of threads set.

    Packages that are not installed are found from where this one is, so that both processes run one
    code.
    """
    kept = {k: v for k, v in given.items() if k in _NEEDED or not _SECRET.search(k)}
    here = Path(__file__).resolve().parents[2]
    ours = "" if {"site-packages", "dist-packages"} & set(here.parts) else str(here)
    path = os.pathsep.join(filter(None, (ours, given.get("PYTHONPATH", ""))))
    kept |= dict.fromkeys(THREADS, str(threads))
    return kept | {"PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false"}


def step_back(parent: int) -> bool:
    """In the child: a lower priority, first to go when memory runs out, dies with its parent.

    As far as the system has such things. False where the parent (a process id) is gone already.
    """
    if sys.platform == "win32":
        return True
    os.nice(NICE)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        with suppress(OSError):  # a container may forbid it; the parent watches memory anyway
            Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")
    return os.getppid() == parent
