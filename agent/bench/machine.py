"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import psutil

PACKAGES = (
    "microscout",
    "pymmcore-plus",
    "useq-schema",
    "langgraph",
    "tensorstore",
    "numpy",
    "torch",
    "transformers",
)


def machine() -> dict[str, str | int | float]:
    """Processor count, memory (GiB), Python and the packages that matter; no host name."""
    return {
        "cpus": os.cpu_count() or 0,
        "architecture": platform.machine(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
