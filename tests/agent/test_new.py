"""`new` writes files that pass `check` as they are, and never over others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.check import Level, preflight
from agent.finding import ConfigError
from agent.load import load_microscope, load_plan
from agent.new import TEMPLATES, create


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_plan_passes_check(tmp_path: Path, template: str) -> None:
    folder = tmp_path / "deep" / "er"
    created = create(folder, template)
    assert created.files == (folder / "plan.yaml", folder / "microscope.yaml")
    plan = load_plan(folder / "plan.yaml")
    microscope = load_microscope(plan.plan.microscope or "", beside=folder)
    assert microscope.path == folder / "microscope.yaml"
    found = preflight(plan, microscope, out=tmp_path / "run")
    ours = [f for f in found if Path(f.file).parent == folder]
    assert [str(f) for f in ours if f.level is not Level.NOTE] == []
    assert [str(f) for f in found if f.level is Level.ERROR] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_it_says_what_to_try_next(tmp_path: Path, template: str) -> None:
    steps = create(tmp_path / "x", template).next_steps
    assert any(f"microscout check {tmp_path / 'x' / 'plan.yaml'}" in step for step in steps)
    assert any(step.startswith(("microscout rehearse", "microscout replay")) for step in steps)
    assert all(len(step.splitlines()) == 1 for step in steps)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_section_of_a_template_is_explained(tmp_path: Path, template: str) -> None:
    create(tmp_path / "x", template)
    for name in ("plan.yaml", "microscope.yaml"):
        lines = (tmp_path / "x" / name).read_text().splitlines()
        starts = [n for n, line in enumerate(lines) if line[:1].isalpha()]
        assert len(starts) >= 6
        silent = [
            lines[start]
            for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
            if not any("#" in line for line in lines[max(start - 1, 0) : end])
        ]
        assert silent == []


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        create(tmp_path, "watch")
    assert str(caught.value) == (
        f"{tmp_path}: is not empty; nothing was written; name a new folder"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ConfigError, match="is a file; nothing was written"):
        create(tmp_path / "x", "watch")
    with pytest.raises(ConfigError, match="cannot be written"):
        create(tmp_path / "x" / "y", "watch")
    assert (tmp_path / "x").read_text() == "mine"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    create(tmp_path, "timelapse")
    assert len(list(tmp_path.iterdir())) == 2


def test_an_unknown_template_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        create(tmp_path / "x", "time-lapse")
    assert str(caught.value) == "--template: no template time-lapse; did you mean timelapse?"
    assert not (tmp_path / "x").exists()


def test_new_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; import agent.new;"
        "print([m for m in ('useq', 'pydantic', 'numpy', 'yaml', 'pymmcore_plus', 'torch')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
