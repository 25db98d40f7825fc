"""Budgets: exact at the edge, per field and in all, batches whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from gate_kit import Bench, shot
from hypothesis import given
from hypothesis import strategies as st

from hardware.data import Dose, Permit, Refusal, Rule
from hardware.gate import LightBudget
from hardware.ledger import MemoryBook


def spend(bench: Bench, **kwargs: Any) -> bool:
    """Expose if the gate permits it."""
    exposure = shot(**kwargs)
    if isinstance(bench.gate.exposure(exposure), Refusal):
        return False
    bench.ledger.open(exposure)
    return True


@given(st.integers(1, 400), st.floats(0.01, 500))
def test_a_budget_of_exactly_n_exposures_allows_n(n: int, exposure_ms: float) -> None:
    one = shot(exposure_ms=exposure_ms)
    for budget in (
        LightBudget(dose_per_fov_j_cm2=n * (one.dose_j_cm2 or 0)),
        LightBudget(total_dose_j_cm2=n * (one.dose_j_cm2 or 0)),
        LightBudget(exposure_per_fov_s=n * one.seconds),
    ):
        bench = Bench(budget=budget)
        assert [spend(bench, exposure_ms=exposure_ms) for _ in range(n + 1)] == [True] * n + [False]


def test_fields_have_budgets_of_their_own() -> None:
    bench = Bench(budget=LightBudget(dose_per_fov_j_cm2=0.05))
    assert [spend(bench, fov=fov) for fov in ("A1", "A1", "A1", "A2", "A2", "A2")] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_batch_is_counted_together_and_refused_whole() -> None:
    bench = Bench(budget=LightBudget(dose_per_fov_j_cm2=0.1))
    assert isinstance(bench.gate.exposures([shot()] * 5), Refusal)
    assert isinstance(bench.gate.exposures([shot(fov=f"A{i}") for i in range(5)]), Permit)
    assert isinstance(bench.gate.exposures([shot()] * 4), Permit)
    assert bench.ledger.total() == Dose(0.0, 0.0, 0)


def test_one_bad_exposure_spoils_the_batch() -> None:
    answer = Bench().gate.exposures([shot(), shot("GFP"), shot()])
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.CHANNEL
    assert answer.what == 'channel "GFP", exposure 2 of 3'


@pytest.mark.parametrize("kind", ["dose_per_fov_j_cm2", "total_dose_j_cm2"])
def test_light_counted_without_irradiance_is_never_taken_for_zero(kind: str) -> None:
    book = MemoryBook()
    book.write(shot("Lamp"))  # an earlier run, without calibration
    bench = Bench(budget=LightBudget(**{kind: 5.0}), book=book)
    answer = bench.gate.exposure(shot())
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.LIGHT
    assert answer.what.endswith("earlier light was counted without irradiance")
    other = bench.gate.exposure(shot(fov="B1"))
    assert isinstance(other, Refusal) == (kind == "total_dose_j_cm2")


def test_an_objective_without_a_measured_irradiance_is_not_calibrated() -> None:
    bench = Bench(budget=LightBudget(total_dose_j_cm2=5))
    answer = bench.gate.exposure(shot(objective="63X"))
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.LIGHT


@pytest.mark.parametrize("limit", [float("nan"), -1.0, 0.0])
@pytest.mark.parametrize("kind", ["dose_per_fov_j_cm2", "total_dose_j_cm2", "exposure_per_fov_s"])
def test_a_budget_that_makes_no_sense_allows_nothing(kind: str, limit: float) -> None:
    bench = Bench(budget=LightBudget(**{kind: limit}))
    assert isinstance(bench.gate.exposure(shot()), Refusal)


def test_a_book_that_lost_count_allows_nothing() -> None:
    class Torn(MemoryBook):
        def totals(self) -> dict[str, Dose]:
            return {"A1": Dose(float("nan"), float("nan"), 3)}

    bench = Bench(budget=LightBudget(dose_per_fov_j_cm2=1), book=Torn())
    assert isinstance(bench.gate.exposure(shot()), Refusal)
