"""Scoring is a pure function of truth and record."""

from __future__ import annotations

import pytest

from sim.score import score
from sim.truth import TrueMitosis


def event(fov: str = "A1", start: float = 1000.0, *, scored: bool = True) -> TrueMitosis:
    """Prophase 600 s, metaphase 1200 s, anaphase and telophase 600 s each."""
    return TrueMitosis(
        fov=fov,
        cell=f"{fov}{start:g}",
        prophase_s=start,
        metaphase_s=start + 600,
        anaphase_s=start + 1800,
        telophase_s=start + 2400,
        end_s=start + 3000,
        x_um=0.0,
        y_um=0.0,
        scored=scored,
    )


def every(minute: float, first: float, count: int, fov: str = "A1") -> list[tuple[str, float]]:
    return [(fov, first + 60 * minute * n) for n in range(count)]


@pytest.mark.parametrize(
    ("frames", "captured"),
    [
        (every(1, 1600, 10), 1),  # ten from the first moment of metaphase
        (every(1, 1600, 9), 0),
        (every(1, 4000 - 540, 10), 1),  # ten up to the last moment of telophase
        (every(1, 1000, 10), 0),  # in prophase
        (every(1, 1600, 10, "A2"), 0),  # of another field
        (every(1, 1600, 5) * 2, 0),  # both channels of five visits
        ([], 0),
    ],
)
def test_captured_is_ten_visits_from_metaphase_to_the_end(
    frames: list[tuple[str, float]], captured: int
) -> None:
    result = score([event()], frames, [])
    assert (result.total, result.captured, result.recall) == (1, captured, float(captured))
    assert len(result.missed) == 1 - captured


@pytest.mark.parametrize(
    ("burst", "false"),
    [
        (("A1", 1200.0, 2000.0), 0),
        (("A1", 0.0, 999.0), 1),  # before prophase
        (("A1", 0.0, 1000.0), 0),
        (("A1", 4600.0, 5000.0), 0),  # within ten minutes of its end
        (("A1", 4601.0, 5000.0), 1),
        (("A2", 1200.0, 2000.0), 1),
    ],
)
def test_a_burst_without_a_division_is_false(burst: tuple[str, float, float], false: int) -> None:
    assert score([event()], [], [burst]).false_reactions == false


def test_a_division_at_the_edge_excuses_a_burst_but_is_not_asked_for() -> None:
    result = score([event(scored=False)], [], [("A1", 1200.0, 2000.0)])
    assert (result.total, result.recall, result.false_reactions) == (0, None, 0)


def test_two_divisions_share_the_frames_of_one_field() -> None:
    result = score([event(), event(start=1300)], every(1, 1900, 20), [])
    assert (result.total, result.captured, result.recall) == (2, 2, 1.0)
