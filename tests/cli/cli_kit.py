"""The command line from outside: as a process, or through `main` in this one (faster)."""

from __future__ import annotations

import copy
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from agent.cli.main import main

ROOT = Path(__file__).parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

PLAN: dict[str, Any] = {
    "goal": "a short run",
    "microscope": "demo",
    "scenario": "mitosis_night",
    "baseline": {
        "axis_order": "tpcz",
        "stage_positions": [
            {"name": "A1", "x": 0, "y": 0, "z": 0},
            {"name": "A2", "x": 600, "y": 0, "z": 0},
        ],
        "channels": [{"config": "DAPI", "exposure": 20}, {"config": "FITC", "exposure": 20}],
        "time_plan": {"interval": 10, "loops": 2},
    },
    "judge": {"kind": "none"},
    "budget": {"dose_per_fov_j_cm2": 0.6},
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> dict[str, Any]:
        """The JSON object in the last line of stdout."""
        found = json.loads(self.out.splitlines()[-1])
        assert isinstance(found, dict)
        return found


def plan_with(*changes: tuple[str, Any], **more: Any) -> dict[str, Any]:
    """The short plan with dotted keys set (``baseline.channels.0.exposure``)."""
    plan = copy.deepcopy(PLAN) | more
    for key, value in changes:
        node: Any = plan
        *above, last = key.split(".")
        for step in above:
            node = node[int(step)] if isinstance(node, list) else node[step]
        node[int(last) if isinstance(node, list) else last] = value
    return plan


def write_yaml(path: Path, data: object) -> Path:
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "agent.cli.main", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """Ours on the path wherever the command runs; width fixed, no colours."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1", **more}


def process(*arguments: object, cwd: Path, **env: str) -> Done:
    """Run a command in a process of its own."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def here(*arguments: object) -> Done:
    """Run a command through `main` in this process."""
    out, err = io.StringIO(), io.StringIO()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    code: Any = None
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch.object(sys, "argv", ["microscout", *map(str, arguments)]),
            mock.patch.object(sys, "stdin", io.StringIO()),
        ):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Done(int(code or 0), out.getvalue(), err.getvalue())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content, every folder with none."""
    return {
        str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def one_line_each(text: str) -> list[str]:
    """The lines of an error output, which has no traceback and no warning in it."""
    assert "Traceback" not in text
    return [line for line in text.splitlines() if line and not line.startswith("warning: ")]
