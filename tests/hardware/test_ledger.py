"""The ledger: written before the light, counted once, and still there after a restart."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from gate_kit import shot
from hypothesis import given
from hypothesis import strategies as st

from hardware.data import Dose
from hardware.ledger import DoseLedger, MemoryBook

if TYPE_CHECKING:
    from hardware.data import Exposure


def test_a_field_that_was_never_lit_has_no_dose() -> None:
    ledger = DoseLedger(MemoryBook())
    assert ledger.fov("A1") == ledger.total() == Dose(0.0, 0.0, 0)
    assert ledger.calibrated


def test_an_exposure_counts_from_the_moment_it_is_opened() -> None:
    book = MemoryBook()
    ledger = DoseLedger(book)
    row = ledger.open(shot())
    assert book.rows == [shot()]
    assert ledger.fov("A1") == Dose(0.1, 0.025, 1)
    assert ledger.fov("A2") == Dose(0.0, 0.0, 0)
    assert book.delivered == set()
    ledger.close(row)
    assert book.delivered == {row}
    assert ledger.total() == Dose(0.1, 0.025, 1)


def test_it_is_in_the_book_before_it_is_in_memory() -> None:
    class Watching(MemoryBook):
        def write(self, exposure: Exposure) -> int:
            assert ledger.total().exposures == len(self.rows)
            return super().write(exposure)

    ledger = DoseLedger(Watching())
    ledger.open(shot())
    ledger.open(shot())


def test_a_book_that_cannot_write_keeps_the_light_off_and_counts_nothing() -> None:
    class Full(MemoryBook):
        def write(self, exposure: Exposure) -> int:
            raise OSError("disk full")

    ledger = DoseLedger(Full())
    with pytest.raises(OSError, match="disk full"):
        ledger.open(shot())
    assert ledger.total().exposures == 0


@pytest.mark.parametrize("exposure_ms", [0.0, -5.0, math.nan, math.inf])
def test_a_time_that_is_none_is_not_written(exposure_ms: float) -> None:
    book = MemoryBook()
    with pytest.raises(ValueError, match="no time or dose"):
        DoseLedger(book).open(shot(exposure_ms=exposure_ms))
    assert book.rows == []


def test_one_exposure_without_irradiance_makes_the_dose_unknown_but_not_the_seconds() -> None:
    ledger = DoseLedger(MemoryBook())
    for exposure in (shot(), shot("Lamp"), shot(), shot(fov="A2")):
        ledger.open(exposure)
    assert ledger.fov("A1") == Dose(pytest.approx(0.3), None, 3)
    assert ledger.fov("A2").j_cm2 == 0.025
    assert ledger.total().j_cm2 is None
    assert not ledger.calibrated


SHOTS = st.builds(
    shot,
    channel=st.sampled_from(["DAPI", "Lamp"]),
    exposure_ms=st.floats(0.001, 60_000),
    fov=st.sampled_from(["A1", "A2", "B1"]),
)


@given(st.lists(SHOTS, max_size=40), st.lists(SHOTS, max_size=10))
def test_a_restart_goes_on_counting(first: list[Exposure], then: list[Exposure]) -> None:
    whole, book = DoseLedger(MemoryBook()), MemoryBook()
    ledger = DoseLedger(book)
    for exposure in first:
        whole.open(exposure)
        ledger.open(exposure)
    ledger = DoseLedger(book)
    for exposure in then:
        whole.open(exposure)
        ledger.open(exposure)
    for fov in ("A1", "A2", "B1"):
        assert ledger.fov(fov) == whole.fov(fov)
    assert ledger.total().exposures == len(first) + len(then)
    assert ledger.total().seconds == pytest.approx(whole.total().seconds, rel=1e-12)
    assert ledger.total().j_cm2 == (
        None if whole.total().j_cm2 is None else pytest.approx(whole.total().j_cm2, rel=1e-12)
    )


def test_no_exposure_is_lost_between_threads() -> None:
    ledger = DoseLedger(MemoryBook())
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: ledger.open(shot(exposure_ms=125)), range(400)))
    assert sorted(rows) == list(range(1, 401))
    assert ledger.fov("A1") == ledger.total() == Dose(50.0, 12.5, 400)
