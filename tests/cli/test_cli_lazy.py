"""Heavy libraries are imported where they are used, never before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_kit import PLAN, environment, write_yaml

LEARNING = ("torch", "transformers")
HEAVY = (*LEARNING, "langgraph", "skimage", "scipy", "matplotlib", "tensorstore")
INSTRUMENT = ("pymmcore", "pymmcore_plus")

IMPORTED = """
import sys
from agent.cli.main import main
names = sys.argv.pop(1).split(",")
try:
    main()
finally:
    print([name for name in names if name in sys.modules], file=sys.stderr)
"""


def imported(folder: Path, modules: tuple[str, ...], *arguments: str) -> str:
    """Which of the modules a command has imported by its end; its last line on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, ",".join(modules), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        [],
        ["--version"],
        ["rehearse", "--help"],
        ["bench", "--help"],
        ["new", "fresh"],
        ["rehearze"],
        ["run"],
        ["rehearse", "plan.yaml", "--seed", "many"],
        ["rehearse", "nosuch.yaml"],
        ["check", "nosuch.yaml"],
        ["schema"],
        ["export", "plan.yaml"],
        ["judge", "--help"],
        ["judge", "nosuch.png"],
        ["segment", "plan.yaml"],
        ["bricks", "build", "nosuch"],
        ["train", "nosuch"],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_help_new_and_errors_of_usage_import_nothing_heavy(
    folder: Path, arguments: list[str]
) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    assert imported(folder, (*HEAVY, *INSTRUMENT), *arguments) == "[]"


def test_check_imports_nothing_heavy(folder: Path) -> None:
    """pymmcore-plus is asked where the demo's device adapters are; it is loaded for no other."""
    write_yaml(folder / "plan.yaml", PLAN)
    assert imported(folder, HEAVY, "check", "plan.yaml") == "[]"
    demo = (Path(__file__).parents[2] / "configs/microscopes/demo.yaml").read_text()
    cfg = folder / "mine.cfg"
    cfg.write_text("Device,Camera,DemoCamera,DCam\n")
    (folder / "mine.yaml").write_text(demo.replace("MMConfig_demo.cfg", str(cfg)))
    seen = imported(folder, (*HEAVY, *INSTRUMENT), "check", "plan.yaml", "-m", "mine.yaml")
    assert seen == "[]"


def test_a_rehearsal_never_imports_torch(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN | {"judge": {"kind": "classical"}})
    arguments = ("rehearse", "plan.yaml", "--out", "run", "--json")
    assert imported(folder, (*LEARNING, "langgraph"), *arguments) == "['langgraph']"
    assert (folder / "run" / "report.html").is_file()


def test_the_console_script_is_there() -> None:
    name = "microscout.exe" if os.name == "nt" else "microscout"
    done = subprocess.run(
        [Path(sys.executable).with_name(name), "--version"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("microscout ")
