"""Ground truth: the night has its divisions, the controls have none."""

from __future__ import annotations

import pytest
from sim_kit import NINE, exposure, scenario

from sim.cells import Phase
from sim.gallery import Gallery
from sim.load import load_scenario
from sim.truth import MARGIN_UM, true_mitoses
from sim.world import Rect, World

FIELD = {"20X": (256.0, 256.0)}
NIGHT_S = 6 * 3600.0


def culture(name: str) -> World:
    shipped = load_scenario(name)
    return World(shipped, shipped.seed, FIELD)


def test_mitosis_night_has_a_dozen_or_so_divisions_in_its_nine_fields() -> None:
    truth = true_mitoses(culture("mitosis_night"), NINE, "20X", NIGHT_S)
    assert 12 <= sum(event.scored for event in truth) <= 18


def test_the_light_of_a_watched_night_does_not_take_its_divisions_away() -> None:
    night = culture("mitosis_night")
    for n in range(60):
        for fov in NINE:
            for channel, irradiance in (("DAPI", 0.04), ("FITC", 0.08)):
                night.receive(
                    exposure(
                        n * 360.0,
                        channel=channel,
                        irradiance_w_cm2=irradiance,
                        x_um=fov.x_um,
                        y_um=fov.y_um,
                    )
                )
    truth = true_mitoses(night, NINE, "20X", NIGHT_S)
    assert 12 <= sum(event.scored for event in truth) <= 18


def test_mitosis_night_has_twenty_to_thirty_five_cells_in_a_field() -> None:
    night = culture("mitosis_night")
    for fov in NINE:
        rect = Rect.around(fov.x_um, fov.y_um, 256, 256)
        seen = night.look(rect, 0.0)
        living = rect.holds(seen.x, seen.y) & (seen.phase < Phase.DEAD)
        assert 20 <= living.sum() <= 35


def test_what_is_scored_happens_wholly_inside_the_field_and_the_night() -> None:
    night = culture("mitosis_night")
    for event in true_mitoses(night, NINE, "20X", NIGHT_S):
        starts = (event.prophase_s, event.metaphase_s, event.anaphase_s, event.telophase_s)
        assert list(starts) == sorted(starts)
        assert event.end_s > event.telophase_s
        if event.scored:
            assert event.metaphase_s >= 0
            assert event.end_s <= NIGHT_S
            fov = next(fov for fov in NINE if fov.name == event.fov)
            assert abs(event.x_um - fov.x_um) <= 128 - MARGIN_UM
            assert abs(event.y_um - fov.y_um) <= 128 - MARGIN_UM


def test_divisions_cut_short_are_told_but_not_scored() -> None:
    truth = true_mitoses(culture("mitosis_night"), NINE, "20X", 14_000.0)
    cut = [event for event in truth if event.prophase_s < 14_000 < event.end_s]
    assert cut
    assert not any(event.scored for event in cut)


@pytest.mark.parametrize("name", ["interphase_only", "empty"])
def test_controls_have_no_divisions(name: str) -> None:
    assert true_mitoses(culture(name), NINE, "20X", NIGHT_S) == ()


def test_the_interphase_control_has_dead_cells_and_debris_to_be_mistaken() -> None:
    control = culture("interphase_only")
    phases = [
        int(phase)
        for fov in NINE
        for phase in control.look(Rect.around(fov.x_um, fov.y_um, 256, 256), 3600.0).phase
    ]
    assert 2 <= phases.count(Phase.DEAD) <= 20
    assert 5 <= phases.count(Phase.DEBRIS) <= 60
    assert set(phases) == {Phase.INTERPHASE, Phase.DEAD, Phase.DEBRIS}


def test_truth_and_gallery_agree_on_the_phase() -> None:
    shipped = load_scenario("mitosis_night")
    gallery = Gallery(scenario(), shipped.seed)
    events = true_mitoses(gallery.world, NINE, "20X", NIGHT_S)
    event = next(event for event in events if event.scored)
    fov = next(fov for fov in NINE if fov.name == event.fov)
    frame = gallery.frame(
        x_um=fov.x_um, y_um=fov.y_um, time_s=(event.metaphase_s + event.anaphase_s) / 2
    )
    cell = next(cell for cell in frame.cells if cell.key == event.cell)
    assert cell.phase is Phase.METAPHASE
    assert cell.progress == pytest.approx(0.5)
    row, column = int(cell.row), int(cell.column)
    around = frame.pixels[row - 4 : row + 5, column - 4 : column + 5]
    assert around.max() > 2 * 1100  # brighter than any resting nucleus
