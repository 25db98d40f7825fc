"""Looks at this computer: what is installed, what is missing, how to get it. Changes nothing."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata, util
from typing import TYPE_CHECKING

from agent.finding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NEEDS_PYTHON = (3, 11)
ENOUGH_DISK = 10e9  # bytes; an overnight run of nine fields takes about 1 GB
ENOUGH_MEMORY = 2e9  # bytes
PATIENCE_S = 60.0
WEIGHTS = ("model.safetensors", "config.json", "tokenizer.json", "calibration.json")
LEARNING = ("torch", "transformers", "peft")  # what the judge needs

_LOAD_DEMO = """
import os, sys
try:
    from pymmcore_plus import CMMCorePlus, find_micromanager
    folder = find_micromanager()
    print(folder or "")
    if folder:
        core = CMMCorePlus()
        core.loadSystemConfiguration()
        print(", ".join(core.getAvailableConfigs("Channel")))
        core.unloadAllDevices()
    code = 0
except Exception as fault:
    print(f"{type(fault).__name__}: {fault}".splitlines()[0], file=sys.stderr)
    code = 1
sys.stdout.flush(), sys.stderr.flush()
os._exit(code)  # an ordinary exit can abort in the core's callback thread
"""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One look. `ok` is None for what is optional and absent; `remedy` is "" when all is well."""

    name: str
    ok: bool | None
    found: str
    remedy: str = ""


def diagnose(folder: Path) -> list[Diagnosis]:
    """Every look, in order; `folder` is where runs would be written (need not exist)."""
    return [
        python(),
        *packages(),
        *micro_manager(),
        *learning(),
        judge_weights(),
        disk(folder),
        writable(folder),
        memory(),
    ]


def python() -> Diagnosis:
    """The interpreter."""
    name, version = platform.python_implementation(), platform.python_version()
    found = f"{name} {version}, {platform.platform(terse=True)} {platform.machine()}"
    found += f", {os.cpu_count()} cores"
    good = sys.version_info >= NEEDS_PYTHON and name == "CPython"
    return Diagnosis("Python", good, found, "" if good else "install CPython 3.11 or newer")


def packages() -> list[Diagnosis]:
    """What pip should have installed: one line if all is there, one for each that is missing."""
    wanted = _required()
    missing = [name for name in wanted if version(name) is None]
    named = [f"{name} {version(name)}" for name in ("pymmcore-plus", "useq-schema", "langgraph")]
    if not missing:
        return [Diagnosis("packages", True, f"all {len(wanted)}; {', '.join(named)}")]
    remedy = "pip install microscout (or, in a clone, pip install -e .)"
    return [Diagnosis(name, False, "not installed", remedy) for name in missing]


def micro_manager() -> list[Diagnosis]:
    """Device adapters, and whether the demo configuration loads. In a process of its own."""
    adapters = version("mm-test-adapters")
    demo = f"mm-test-adapters {adapters}" if adapters else "mm-test-adapters not installed"
    code, out, err = _ask([sys.executable, "-c", _LOAD_DEMO], PATIENCE_S)
    lines = out.splitlines()
    folder = lines[0].strip() if lines else ""
    if not folder:
        why = "none found" if code == 0 else _last_line(err)
        remedy = "pip install mm-test-adapters, or install Micro-Manager: mmcore install"
        return [Diagnosis("Micro-Manager adapters", False, f"{why}; {demo}", remedy)]
    where = Diagnosis("Micro-Manager adapters", True, f"{folder}; {demo}")
    if code == 0 and len(lines) > 1:
        return [where, Diagnosis("demo configuration", True, f"loads; channels {lines[1]}")]
    remedy = f"pip install mm-test-adapters=={_device_interface()}.*"
    return [where, Diagnosis("demo configuration", False, _last_line(err), remedy)]


def learning() -> list[Diagnosis]:
    """What the judge's model needs; looked for, not imported."""
    looks = []
    for name in LEARNING:
        if util.find_spec(name) is None:
            found = "not installed; only the classical judge works without it"
            looks.append(Diagnosis(name, False, found, f"pip install {name}"))
        else:
            looks.append(Diagnosis(name, True, version(name) or "of unknown version"))
    return looks


def judge_weights(folder: Path | None = None) -> Diagnosis:
    """The shipped weights (or those in `folder`): there, and whole by their size. Not loaded."""
    place = shipped_weights() if folder is None else folder
    name, remedy = "judge weights", "pip install --force-reinstall microscout"
    missing = [part for part in WEIGHTS if not (place / part).is_file()]
    if missing:
        return Diagnosis(name, False, f"{place} has no {', '.join(missing)}", remedy)
    wrong = safetensors_fault(place / WEIGHTS[0])
    if wrong:
        return Diagnosis(name, False, f"{place / WEIGHTS[0]}: {wrong}", remedy)
    size = sum((place / part).stat().st_size for part in WEIGHTS)
    return Diagnosis(name, True, f"{size / 1e6:.1f} MB in {place}")


def shipped_weights() -> Path:
    """Where the package keeps them."""
    from importlib.resources import files
    from pathlib import Path

    return Path(str(files("policies.mllm"))) / "weights"


def safetensors_fault(path: Path) -> str:
    """What is wrong with a safetensors file by its header and length; "" for nothing.

    The format: 8 bytes length of the header (little endian), the header as JSON with the end of
    every tensor's data, the data.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length) if 0 < length <= size - 8 else b"")
        parts = [part for name, part in header.items() if name != "__metadata__"]
        wanted = 8 + length + max(part["data_offsets"][1] for part in parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "is not a safetensors file, or damaged"
    return "" if size == wanted else f"has {size} bytes, expected {wanted}: cut off or damaged"


def disk(folder: Path) -> Diagnosis:
    """Free space where runs would be written."""
    from hardware.disk import free_bytes

    free = free_bytes(folder)
    good = free >= ENOUGH_DISK
    remedy = "" if good else "free some space, or write runs elsewhere with --out"
    return Diagnosis("disk", good, f"{free / 1e9:.1f} GB free at {folder.absolute()}", remedy)


def writable(folder: Path) -> Diagnosis:
    """Whether runs can be written there."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    good = place.is_dir() and os.access(place, os.W_OK)
    found = "yes" if good else f"no, {place} is not a folder that you may write to"
    return Diagnosis("runs can be written", good, found, "" if good else "use --out")


def memory() -> Diagnosis:
    """Memory that is free now."""
    if util.find_spec("psutil") is None:
        return Diagnosis("memory", None, "not known without psutil", "pip install psutil")
    import psutil

    state = psutil.virtual_memory()
    good = state.available >= ENOUGH_MEMORY
    found = f"{state.available / 1e9:.1f} of {state.total / 1e9:.1f} GB available"
    return Diagnosis("memory", good, found, "" if good else "close other programs")


def version(distribution: str) -> str | None:
    """Installed version of a distribution, None when it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _required() -> list[str]:
    """Names of the distributions that this program needs, without extras."""
    try:
        lines = metadata.requires("microscout") or []
    except metadata.PackageNotFoundError:
        return ["microscout"]
    return [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in lines if "extra ==" not in line]


def _device_interface() -> str:
    """Adapters and pymmcore must agree on this number: 12.5.1.75.0 speaks 75."""
    parts = (version("pymmcore") or "").split(".")
    return parts[3] if len(parts) > 3 else "75"


def _ask(command: Sequence[str], patience_s: float) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=patience_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        return -1, "", str(fault)
    return done.returncode, done.stdout, done.stderr


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else "it ended without a word"
