"""What goes wrong after the checks have passed: one line, nothing half-done, nothing lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cli_kit import (
    PLAN,
    Done,
    command,
    environment,
    here,
    one_line_each,
    plan_with,
    tree,
    write_yaml,
)

resource = pytest.importorskip("resource") if sys.platform == "win32" else __import__("resource")
NO_PLACE = ("runs", "deep/er/run")


def fails(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def begins_badly() -> list[tuple[str, str, Callable[..., Any], str]]:
    """(name, what to replace, by what, what is said): everything between the checks and light."""
    from hardware.fault import FaultKind, InstrumentFault
    from hardware.store import StoreError
    from policies.judge import JudgeUnavailable

    device = "hardware.microscope.Microscope"
    return [
        (
            "the configuration does not load",
            "agent.scope.RealScope.__init__",
            fails(InstrumentFault(FaultKind.DEVICE, "demo.cfg: no such device: COM3")),
            "demo.cfg: no such device: COM3",
        ),
        (
            "no stage",
            f"{device}.read",
            fails(RuntimeError('No device with label "XY"')),
            'the instrument does not answer as it should: No device with label "XY"',
        ),
        (
            "a colour camera",
            f"{device}.image_format",
            fails(InstrumentFault(FaultKind.DEVICE, "camera: 4 bytes per pixel")),
            "camera: 4 bytes per pixel",
        ),
        (
            "no pixel size",
            f"{device}.pixel_size_um",
            lambda _: 0.0,
            "the pixel size is not known with objective 10X in place; nothing was moved",
        ),
        (
            "the store cannot be made",
            "agent.session.ImageStore.open",
            fails(StoreError("images: the disk is full; not stored")),
            "images: the disk is full; not stored",
        ),
        (
            "the journal cannot be written",
            "agent.journal.visits.VisitBook.add",
            fails(sqlite3.OperationalError("database or disk is full")),
            "journal.sqlite: cannot be written (database or disk is full)",
        ),
        (
            "the judge's model does not load",
            "agent.session.make_judge",
            fails(JudgeUnavailable("judge.model: tiny cannot be loaded (it is half a file); x")),
            "judge.model: tiny cannot be loaded (it is half a file); x",
        ),
    ]


@pytest.mark.parametrize("out", [None, "deep/er/run"])
@pytest.mark.parametrize(
    ("what", "instead", "says"),
    [case[1:] for case in begins_badly()],
    ids=[case[0] for case in begins_badly()],
)
def test_a_run_that_cannot_begin_leaves_nothing_behind(
    folder: Path, out: str | None, what: str, instead: Callable[..., Any], says: str
) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    before = tree(folder)
    with mock.patch(what, instead):
        done = here("run", "plan.yaml", *(["--out", out] if out else []), "--json")
    assert done.code == 2
    assert done.out == ""
    (line,) = one_line_each(done.err)
    assert says in line
    assert tree(folder) == before


def test_folders_that_were_there_before_stay(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    (folder / "runs").mkdir()
    with mock.patch(*begins_badly()[0][1:3]):
        assert here("run", "plan.yaml").code == 2
    assert list((folder / "runs").iterdir()) == []


def limited(folder: Path, largest_file: int, *arguments: str) -> Done:
    """Run a command that may write no larger file than so many bytes: a disk that gets full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_disk_that_is_full_at_the_start(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    before = tree(folder)
    done = limited(folder, 60_000, "rehearse", "plan.yaml", "--out", "night")
    assert done.code == 2
    assert "Traceback" not in done.err
    (line,) = [line for line in done.err.splitlines() if "journal.sqlite: cannot" in line]
    assert line.startswith("night/journal.sqlite: ")
    assert tree(folder) == before


def test_a_disk_that_fills_up_during_a_run_loses_nothing(folder: Path) -> None:
    """The journal's log outgrows what may be written after some frames; then there is room."""
    write_yaml(folder / "plan.yaml", plan_with(("baseline.time_plan.loops", 40)))
    done = limited(folder, 1_500_000, "rehearse", "plan.yaml", "--out", "night")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "microscout resume night" in done.err or "failed" in done.out
    database = sqlite3.connect(folder / "night" / "journal.sqlite")
    (stored,) = database.execute("SELECT count(*) FROM frames").fetchone()
    database.close()
    assert 0 < stored < 160
    resumed = here("resume", "night", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.last["visits"]["delivered"] == 80


def test_a_report_that_fails_does_not_spoil_the_run(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    with mock.patch("agent.report.build_report", fails(OSError(28, "No space left on device"))):
        done = here("rehearse", "plan.yaml", "--out", "night", "--json")
    assert done.code == 0
    assert done.last["outcome"] == "complete"
    assert "no report: " in done.err
    assert "microscout report night" in done.err
    assert here("report", "night").code == 0


def test_what_fails_after_the_first_light_is_never_undone(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    error = sqlite3.OperationalError("disk I/O error")
    with mock.patch("agent.summary.summarise", fails(error)):
        done = here("rehearse", "plan.yaml", "--out", "night", "--json")
    assert done.code == 1
    (line,) = one_line_each(done.err)
    assert line.startswith("night: disk I/O error. What was stored is kept")
    assert (folder / "night" / "images" / "A1.ome.zarr").is_dir()


def test_a_fault_of_the_program_itself_keeps_its_traceback_and_the_images(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    with (
        mock.patch("agent.session.Session._finish", fails(ZeroDivisionError("ours"))),
        pytest.raises(ZeroDivisionError, match="ours"),
    ):
        here("rehearse", "plan.yaml", "--out", "night", "--json")
    assert (folder / "night" / "images" / "A1.ome.zarr").is_dir()
    assert here("resume", "night", "--json").last["outcome"] == "complete"


def test_a_run_that_died_before_it_began_says_so(folder: Path) -> None:
    from agent.journal.journal import Journal

    (folder / "night").mkdir()
    Journal(folder / "night", lambda: 0.0, durable=False).close()
    done = here("resume", "night")
    assert done.code == 2
    (line,) = one_line_each(done.err)
    assert "the run died before anything was imaged; start it again" in line
