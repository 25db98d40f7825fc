"""Installed elsewhere, the program finds its plans, microscopes, scenarios and templates."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cli_kit import ROOT, environment

NEEDED = [
    *(path.relative_to(ROOT) for path in sorted((ROOT / "configs").rglob("*.yaml"))),
    *(path.relative_to(ROOT) for path in sorted((ROOT / "agent" / "templates").rglob("*.yaml"))),
    Path("agent/report/report.html.j2"),
    Path("agent/report/report.css"),
    *(Path(f"{name}/py.typed") for name in ("agent", "hardware", "policies", "sim")),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install .` would build, made without the network."""
    if importlib.util.find_spec("setuptools") is None:
        pytest.fail("building a wheel needs setuptools, which the test extra installs")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("agent", "hardware", "policies", "sim", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = (
        "import sys, setuptools.build_meta as backend\nprint(backend.build_wheel(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", build, str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


def test_the_wheel_has_everything_that_is_looked_up_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert [str(path) for path in NEEDED if path.as_posix() not in names] == []
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    assert any(name.endswith("entry_points.txt") for name in names)


def test_the_wheel_works_without_the_clone(wheel: Path, folder: Path) -> None:
    installed = folder / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    code = (
        "import agent, configs, sys\n"
        "from agent.cli.main import main\n"
        "assert agent.__file__.startswith(sys.argv[1]), agent.__file__\n"
        "assert configs.__file__.startswith(sys.argv[1]), configs.__file__\n"
        "sys.argv[:] = ['microscout', *sys.argv[2:]]\n"
        "main()\n"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, str(installed), *arguments],
            cwd=folder,
            env=environment() | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    for arguments in (
        ["check", "mitosis_watch"],
        ["check", "timelapse_fixed", "--microscope", "demo"],
        ["new", "mine", "--template", "timelapse"],
        ["check", "mine/plan.yaml"],
        ["schema", "microscope"],
    ):
        done = run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_said_in_one_place() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    version = importlib.metadata.version("microscout")
    assert f"version: {version}" in citation.replace('"', "")
    assert version in (ROOT / "CHANGELOG.md").read_text()
