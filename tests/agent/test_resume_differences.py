"""Resume tells what is not as it was before anything moves, and does not pretend to have run."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import (
    Judge,
    always,
    assert_sound,
    demo,
    ends,
    moody,
    one,
    open_shutters,
    opened,
    plan,
    real_scope,
    resumed,
    rows,
    scenario,
    whole,
)
from typer.testing import CliRunner

from agent.dump import dump_model, dump_plan
from agent.journal.states import Outcome
from agent.resume import LastKnown, differences, last_known
from agent.scope import RealScope
from hardware.clock import RealClock
from hardware.microscope import InstrumentState

if TYPE_CHECKING:
    from pathlib import Path

    from agent.plan import Plan

KNOWN = LastKnown(10.0, 100.0, -50.0, 3.0, "DAPI", "20X", 10.0)


def state(**changes: Any) -> InstrumentState:
    values: dict[str, Any] = {
        "x_um": 100.0,
        "y_um": -50.0,
        "z_um": 3.0,
        "channel": "DAPI",
        "objective": "20X",
        "exposure_ms": 10.0,
        "pixel_size_um": 0.5,
        "open_shutters": (),
    }
    return InstrumentState(**(values | changes))


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param({}, [], id="as it was"),
        pytest.param({"x_um": 100.7, "y_um": -50.7, "z_um": 3.19}, [], id="within tolerance"),
        pytest.param(
            {"x_um": 101.1},
            ["stage at (101.1, -50.0) um, the journal left it at (100.0, -50.0) um"],
            id="joystick",
        ),
        pytest.param(
            {"z_um": 3.21}, ["focus at 3.21 um, the journal left it at 3.00 um"], id="focus knob"
        ),
        pytest.param({"objective": "40X"}, ["objective 40X, the journal had 20X"], id="turret"),
        pytest.param({"objective": ""}, ["objective unknown, the journal had 20X"], id="no turret"),
        pytest.param({"channel": "FITC"}, ["channel FITC, the journal had DAPI"], id="channel"),
        pytest.param({"open_shutters": ("S1",)}, ["open shutters: S1"], id="light"),
        pytest.param({"exposure_ms": 99.0}, [], id="exposure is set for each frame anyway"),
    ],
)
def test_what_counts_as_a_difference(now: dict[str, Any], found: list[str]) -> None:
    assert list(differences(KNOWN, state(**now), demo())) == found


def test_a_journal_without_light_knows_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "run", plan()) as session:
        session.begin()
        assert last_known(session.journal.database) is None
        assert session.resume() == ()


def test_a_rehearsals_scope_is_put_where_the_journal_left_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    whole(run, plan())
    with opened(run, plan()) as session:
        assert session.resume() == ()
        read = session.microscope.read()
        assert round(read.x_um) == 300 and read.channel == "FITC" and read.objective == "20X"
        assert session.clock.now() == one(run, "SELECT max(finished_s) FROM visits")


# ---------------------------------------------------------------------- images


def test_images_that_are_gone_are_told_before_anything_moves_and_count_as_lost(
    tmp_path: Path,
) -> None:
    run, fixed = tmp_path / "run", plan(rounds=2)
    whole(run, fixed)
    shutil.rmtree(run / "images" / "p0.ome.zarr")
    with opened(run, fixed) as session:
        (said,) = session.resume()
        assert said.startswith("4 frames are not in the store any more")
        assert one(run, "SELECT count(*) FROM frames") == 8, "nothing is thrown away by looking"
        ending = ends(session)
    assert ending.outcome is Outcome.COMPLETE
    assert one(run, "SELECT count(*) FROM frames") == 4
    assert rows(run, "SELECT fov, state, count(*) FROM visits GROUP BY 1, 2") == [
        ("p0", "dropped", 2),
        ("p1", "delivered", 2),
    ]
    assert_sound(run, fixed)


def test_all_images_gone_is_not_a_new_run(tmp_path: Path) -> None:
    run, fixed = tmp_path / "run", plan(rounds=1)
    whole(run, fixed)
    shutil.rmtree(run / "images")
    with opened(run, fixed) as session:
        (said,) = session.resume()
    assert said.startswith("4 frames are not in the store any more")


def test_a_camera_of_another_size_is_told_and_nothing_is_imaged_with_it(tmp_path: Path) -> None:
    run, fixed = tmp_path / "run", plan(rounds=1)
    whole(run, fixed)
    with opened(run, fixed, world=scenario(side=32)) as session:
        (said,) = session.resume()
        assert "height is 64 on disk, 32 now" in said
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED and "height is 64 on disk" in ending.why
    assert one(run, "SELECT count(*) FROM exposures") == 4


# ---------------------------------------------------------------------- the real clock


QUICK = plan(rounds=6, interval_s=0.2, channels=("DAPI",), trouble={"overtaken": "image_late"})


def interrupted(run: Path, plan_: Plan, *, visits: int = 3) -> None:
    """A run on the demo devices, stopped after some visits, as `microscout run` leaves it."""

    class View:
        def __init__(self) -> None:
            self.left = visits

        def visit_finished(self, *_: Any) -> None:
            self.left -= 1
            if self.left == 0:
                session.stop("the test")

        def __getattr__(self, _: str) -> Any:
            return lambda *_: None

    scope: Any = real_scope()
    with opened(run, plan_, scope=scope, progress=View(), judge=always(0.0)) as session:
        session.journal.records.set(
            kind="run",
            name="test",
            plan=dump_plan(plan_),
            microscope=dump_model(demo()),
            microscope_file=str(run / "demo.yaml"),
            started_utc=scope.clock.utc().isoformat(),
            version="test",
        )
        session.begin()
        assert ends(session).outcome is Outcome.STOPPED


def test_a_moved_stage_is_reported_before_anything_moves_and_the_resume_holds(
    tmp_path: Path,
) -> None:
    """The demo devices start at (0, 0); the run was stopped at its second field."""
    run = tmp_path / "run"
    interrupted(run, QUICK, visits=2)
    assert one(run, "SELECT x_um > 299 FROM exposures ORDER BY id DESC LIMIT 1")
    before = rows(run, "SELECT count(*), max(time_s) FROM exposures")
    with opened(run, QUICK, scope=real_scope()) as session:
        found = session.resume()
        assert session.scope.core.getXYPosition() == pytest.approx((0.0, 0.0), abs=0.1)
        assert open_shutters(session) == ()
    assert any("the journal left it at (300.0, 0.0) um" in text for text in found)
    noted = [text for (text,) in rows(run, "SELECT text FROM notes WHERE kind='difference'")]
    assert noted == list(found)
    assert rows(run, "SELECT count(*), max(time_s) FROM exposures") == before


def test_the_command_holds_with_exit_code_3_and_goes_on_when_told_to(tmp_path: Path) -> None:
    from agent.cli.main import app

    run = tmp_path / "run"
    interrupted(run, QUICK, visits=2)
    held = CliRunner().invoke(app, ["resume", str(run)])
    assert held.exit_code == 3, held.output
    assert "the journal left it at (300.0, 0.0) um" in held.output and "held" in held.output
    assert one(run, "SELECT count(*) FROM exposures") == 2
    assert one(run, "SELECT value FROM run WHERE key='outcome'") == "stopped"
    accepted = CliRunner().invoke(app, ["resume", str(run), "--accept", "--json"])
    assert accepted.exit_code == 0, accepted.output
    assert one(run, "SELECT count(*) FROM visits WHERE state IN ('pending', 'running')") == 0
    assert_sound(run, QUICK)


def at(started: dt.datetime, later_s: float) -> RealScope:
    """The demo devices, `later_s` after the run began."""
    scope = real_scope()
    scope.clock = RealClock(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=later_s))
    assert scope.clock.now() >= later_s and started
    return scope


def test_visits_that_fell_into_the_outage_are_skipped_and_say_so(tmp_path: Path) -> None:
    """Every minute for 17 minutes; stopped after the first round, resumed after 1000 s."""
    run = tmp_path / "run"
    long = plan(rounds=17, interval_s=60, channels=("DAPI",), trouble={"late_after_s": 50})
    interrupted(run, long, visits=2)
    started = dt.datetime.fromisoformat(one(run, "SELECT value FROM run WHERE key='started_utc'"))
    with opened(run, long, scope=at(started, 1000.0)) as session:
        session.resume()
        assert ends(session).outcome is Outcome.COMPLETE
    outage = rows(run, "SELECT DISTINCT round FROM visits WHERE why='nothing ran at that time'")
    assert [r for (r,) in outage] == list(range(1, 16))
    assert rows(run, "SELECT DISTINCT round FROM visits WHERE state='delivered' ORDER BY 1") == [
        (0,),
        (16,),
    ]
    assert "30 visits fell into the time" in one(
        run, "SELECT text FROM notes WHERE kind='resume' AND text LIKE '%fell%'"
    )
    assert_sound(run, long)


@pytest.mark.parametrize(
    ("frames", "becomes"),
    [
        pytest.param(0, ("skipped", "nothing ran at that time", 0), id="nothing was taken"),
        pytest.param(1, ("dropped", "interrupted", 1), id="half of it was"),
    ],
)
def test_a_visit_cut_in_two_by_an_outage_is_not_pieced_together(
    tmp_path: Path, frames: int, becomes: tuple[str, str, int]
) -> None:
    """One channel now, the other hours later: that would be no moment in the life of a cell."""
    run = tmp_path / "run"
    trouble = {"late_after_s": 50, "overtaken": "image_late"}
    two = plan(fields=1, rounds=2, interval_s=0.3, trouble=trouble)
    interrupted(run, two, visits=2)
    with opened(run, two, scope=real_scope()) as session:
        database = session.journal.database
        database.write("UPDATE visits SET state='running', finished_s=NULL WHERE round=1")
        database.write("DELETE FROM frames WHERE t=1 AND idx>=?", frames)
        for table in ("verdicts", "decisions"):
            database.write(f"DELETE FROM {table} WHERE visit=2")
    with opened(run, two, scope=at(dt.datetime.now(dt.UTC), 5000.0)) as session:
        session.resume()
        assert ends(session).outcome is Outcome.COMPLETE
    found = rows(
        run,
        "SELECT state, why, (SELECT count(*) FROM frames WHERE visit=visits.id) FROM visits"
        " WHERE round=1",
    )
    assert found == [becomes]
    decided = rows(run, "SELECT policy FROM decisions WHERE visit=2")
    assert decided == ([("plan default",)] if frames else []), "looked at too late to act on"
    assert_sound(run, two)


def test_a_rehearsal_interrupted_before_its_first_light_starts_where_it_was(
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    with opened(run, plan()) as session:
        session.begin()
    assert resumed(run, plan(), judge=Judge(moody)).outcome is Outcome.COMPLETE
    assert one(run, "SELECT min(started_s) FROM visits") == 0.0
