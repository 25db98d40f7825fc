"""Bursts with another objective and another stack, binning, and the plan's own objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from run_kit import (
    EAGER,
    Judge,
    always,
    demo,
    ends,
    moody,
    one,
    opened,
    plan,
    record,
    resumed,
    rows,
    scenario,
    verdict,
    whole,
)
from test_resume_points import POINTS, Interrupted, armed

from agent.journal.states import Outcome
from agent.plan import Plan
from agent.report import build_report
from hardware.data import Refusal, Rule
from hardware.store import ImageReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardware.data import Frame

STACK = {"range": 4, "step": 2}
CLOSE = {"interval_s": 15, "duration_s": 60, "objective": "40X", "z_plan": STACK}


def turning(reaction: dict[str, Any] = CLOSE, **changes: Any) -> Plan:
    """Two fields in one channel, bursts as `reaction` has them."""
    wanted = {"rounds": 4, "channels": ("DAPI",), "policy": EAGER, "reaction": reaction}
    return plan(**(wanted | changes))


def test_a_burst_at_another_objective_is_an_image_of_its_own_with_its_own_scale(
    tmp_path: Path,
) -> None:
    seen: list[tuple[str, str, float, int]] = []

    def look(frames: Sequence[Frame]) -> Any:
        first = frames[0]
        seen.append((first.key.fov, first.key.image, first.meta.pixel_size_um, len(frames)))
        return verdict(first.visit_id, first.key.fov, 0.9)

    run = tmp_path / "run"
    assert whole(run, turning(), judge=Judge(look)).outcome is Outcome.COMPLETE
    reader = ImageReader(run)
    assert reader.images == ("p0", "p0@40X", "p1", "p1@40X")
    base, burst = reader.layout("p0"), reader.layout("p0@40X")
    assert (base.pixel_size_um, base.n_z, base.interval_s) == (0.5, 1, 60.0)
    assert (burst.pixel_size_um, burst.n_z, burst.z_step_um, burst.interval_s) == (0.25, 3, 2, 15)
    # the judge is told whose frames they are, and how large their pixels are
    assert ("p0", "p0", 0.5, 1) in seen
    assert ("p0", "p0@40X", 0.25, 3) in seen
    for kind, objective in (("baseline", "20X"), ("reaction", "40X")):
        used = rows(
            run,
            "SELECT DISTINCT f.objective FROM frames f JOIN visits v ON v.id=f.visit WHERE kind=?",
            kind,
        )
        assert used == [(objective,)]
    for image in reader.images:  # no holes on either time axis
        n, last = rows(run, "SELECT count(DISTINCT t), max(t) FROM frames WHERE fov=?", image)[0]
        assert n == last + 1
    assert dict(rows(run, "SELECT DISTINCT objective, irradiance_w_cm2 FROM exposures")) == {
        "20X": 0.04,
        "40X": 0.15,
    }
    assert one(run, "SELECT count(DISTINCT fov) FROM exposures") == 2  # the dose is the field's
    assert rows(run, "SELECT * FROM refusals") == []
    page = build_report(run).read_text(encoding="utf-8")
    assert "40X" in page and "3 planes" in page and "image p0@40X" in page


def test_another_stack_alone_is_an_image_of_its_own_and_turns_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    reaction = {"interval_s": 15, "duration_s": 60, "z_plan": STACK}
    assert whole(run, turning(reaction), judge=always(0.9)).outcome is Outcome.COMPLETE
    reader = ImageReader(run)
    assert reader.images == ("p0", "p0@burst", "p1", "p1@burst")
    assert (reader.layout("p0").n_z, reader.layout("p0@burst").n_z) == (1, 3)
    assert rows(run, "SELECT DISTINCT objective FROM frames") == [("20X",)]
    planes = rows(run, "SELECT DISTINCT z, round(z_um) FROM frames WHERE fov='p0@burst'")
    assert planes == [(0, -2.0), (1, 0.0), (2, 2.0)]


def test_a_reaction_at_the_objective_in_place_turns_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    reaction = {"interval_s": 15, "duration_s": 60, "objective": "20X"}
    turned = mock.Mock()
    with mock.patch("hardware.microscope.mover.Mover.set_objective", turned):
        assert whole(run, turning(reaction), judge=always(0.9)).outcome is Outcome.COMPLETE
    turned.assert_not_called()
    assert ImageReader(run).images == ("p0", "p1")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    assert whole(run, turning(), judge=Judge(moody)).outcome is Outcome.COMPLETE
    found = record(run)
    assert found["bursts"], "nothing happens in this plan"
    return found


@pytest.mark.parametrize("nth", [4, 9])
@pytest.mark.parametrize("point", ["a visit is about to be said to run", "the image has come"])
def test_interrupted_with_either_objective_in_place_it_goes_on_as_if_nothing_had_been(
    tmp_path: Path, undisturbed: dict[str, Any], point: str, nth: int
) -> None:
    assert point in POINTS
    run = tmp_path / "run"
    with armed(point, nth), opened(run, turning(), judge=Judge(moody)) as session:
        session.begin()
        assert ends(session).outcome is Outcome.FAILED
    assert issubclass(Interrupted, RuntimeError)
    assert resumed(run, turning(), judge=Judge(moody)).outcome is Outcome.COMPLETE
    found = record(run)
    assert {name: found[name] == undisturbed[name] for name in undisturbed} == dict.fromkeys(
        undisturbed, True
    )


def test_a_resume_compares_the_objective_and_knows_the_one_it_began_with(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with armed("the image has come", 6), opened(run, turning(), judge=always(0.9)) as session:
        session.begin()
        ends(session)
    assert one(run, "SELECT objective FROM exposures ORDER BY id DESC LIMIT 1") == "40X"
    with opened(run, turning(), judge=always(0.9)) as session:
        really = session.scope.restore

        def elsewhere(**known: Any) -> None:
            really(**(known | {"objective": "10X"}))

        with mock.patch.object(session.scope, "restore", elsewhere):
            assert session.resume() == ("objective 10X, the journal had 40X",)
        assert session.home == "20X"


def test_a_turret_that_is_stuck_ends_the_run_after_so_many_errors_in_a_row(tmp_path: Path) -> None:
    run = tmp_path / "run"
    wanted = turning(trouble={"max_errors_in_a_row": 3})
    with opened(run, wanted, judge=always(0.9)) as session:
        core: Any = session.scope.core
        really = core.setConfig

        def stuck(group: str, preset: str) -> None:
            if (group, preset) != ("Objective", "40X"):
                really(group, preset)

        core.setConfig = stuck
        session.begin()
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED
    assert "3 visits in a row failed: turret Objective: asked for 40X, reads 20X" in ending.why
    skipped = rows(run, "SELECT state, why FROM visits WHERE kind='reaction' AND why != ''")
    assert {state for state, _ in skipped} == {"skipped"}
    assert all("asked for 40X, reads 20X" in why for _, why in skipped)
    assert rows(run, "SELECT DISTINCT objective FROM exposures") == [("20X",)]


# ---------------------------------------------------------------------- before anything moves


def began(path: Path, wanted: Plan, **how: Any) -> Refusal:
    """What `begin` says to a plan that the instrument does not fit."""
    with opened(path / "run", wanted, **how) as session:
        session.scope.core.setShutterOpen(True)
        before_s = session.clock.now()
        refusal = session.begin()
        assert session.microscope.read().open_shutters == ()
        assert session.clock.now() == before_s, "something moved"
    assert isinstance(refusal, Refusal)
    assert rows(path / "run", "SELECT 1 FROM visits") == []
    return refusal


def test_a_plan_for_another_objective_does_not_begin(tmp_path: Path) -> None:
    refusal = began(tmp_path, plan(objective="40X"))
    assert refusal.rule is Rule.OBJECTIVE
    assert refusal.what == "a run with objective 20X in place"
    assert refusal.limit == "the plan is for 40X"
    assert refusal.remedy.startswith("Turn the turret to 40X by hand")


def test_a_reaction_that_may_not_turn_the_turret_does_not_begin(tmp_path: Path) -> None:
    objectives = demo().objectives.model_copy(update={"allow_change": False})
    off = demo().model_copy(update={"objectives": objectives})
    with mock.patch("run_kit.demo", lambda: off):
        refusal = began(tmp_path, turning())
    assert refusal.limit == "objective changes are off"


def test_a_reaction_whose_pixel_size_nobody_knows_does_not_begin(tmp_path: Path) -> None:
    with opened(tmp_path / "run", turning()) as session:
        session.scope.core.deletePixelSizeConfig("Res40x")
        refusal = session.begin()
    assert isinstance(refusal, Refusal)
    assert refusal.rule is Rule.PIXEL_SIZE
    assert refusal.remedy.startswith("Write objectives.items.40X.pixel_size_um")


def test_a_binning_that_the_camera_does_not_have_does_not_begin(tmp_path: Path) -> None:
    refusal = began(tmp_path, plan(camera={"binning": 8}))
    assert refusal.limit == "binning that Camera lists: 1, 2, 4"


# ---------------------------------------------------------------------- binning


def test_with_binning_frames_are_smaller_their_pixels_larger_and_a_resume_sets_it_again(
    tmp_path: Path,
) -> None:
    run, wanted = tmp_path / "run", plan(fields=1, camera={"binning": 2})
    world = scenario(side=64)
    with (
        armed("the image has come", 3),
        opened(run, wanted, world=world) as session,
    ):
        session.begin()
        ends(session)
    assert resumed(run, wanted, world=world).outcome is Outcome.COMPLETE
    layout = ImageReader(run).layout("p0")
    assert (layout.height, layout.width, layout.pixel_size_um) == (32, 32, 1.0)
    assert rows(run, "SELECT DISTINCT pixel_size_um FROM frames") == [(1.0,)]


def test_a_camera_that_does_not_bin_any_more_is_a_difference(tmp_path: Path) -> None:
    run, wanted = tmp_path / "run", plan(fields=1, camera={"binning": 2})
    with armed("the image has come", 3), opened(run, wanted) as session:
        session.begin()
        ends(session)
    with opened(run, wanted) as session:
        session.scope.core._camera.set_property_allowed_values("Binning", (1,))
        found = session.resume()
    assert any("refused: binning 2" in difference for difference in found)
