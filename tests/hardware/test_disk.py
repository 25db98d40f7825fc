from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardware.data import Permit, Refusal, Rule
from hardware.disk import DiskGuard, frame_bytes, free_bytes, used_bytes

if TYPE_CHECKING:
    from pathlib import Path

HUGE = 10**18


def test_free_space_of_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert 0 < free_bytes(tmp_path / "not" / "yet") < HUGE


def test_used_space_counts_all_files_below(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "x").write_bytes(b"12345")
    (tmp_path / "a" / "b" / "y").write_bytes(b"123")
    assert used_bytes(tmp_path) == 8
    assert used_bytes(tmp_path / "none") == 0


@pytest.mark.parametrize(
    ("dtype", "frames", "expected"), [("uint8", 1, 100), ("uint16", 1, 200), ("uint16", 7, 1400)]
)
def test_frame_bytes(dtype: str, frames: int, expected: int) -> None:
    assert frame_bytes(10, 10, dtype, frames) == expected


def test_a_visit_that_eats_into_the_reserve_is_refused(tmp_path: Path) -> None:
    answer = DiskGuard(tmp_path, reserve_bytes=HUGE).check(1000)
    assert isinstance(answer, Refusal) and answer.rule is Rule.DISK
    assert "reserved" in answer.limit and "Free some space" in answer.remedy


def test_the_reserve_alone_permits_as_long_as_there_is_space(tmp_path: Path) -> None:
    assert isinstance(DiskGuard(tmp_path, reserve_bytes=0).check(1000), Permit)


def test_the_budget_counts_what_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(bytes(600))
    guard = DiskGuard(tmp_path, reserve_bytes=0, budget_bytes=1000)
    assert isinstance(guard.check(400), Permit)
    (tmp_path / "new").write_bytes(bytes(400))
    answer = guard.check(1)
    assert isinstance(answer, Refusal) and "budget.disk_gb" in answer.limit


def test_the_budget_looks_at_the_disk_before_it_refuses(tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, reserve_bytes=0, budget_bytes=1000)
    for n in range(4):  # 300 bytes counted each time, 100 really written: compression
        assert isinstance(guard.check(300), Permit)
        (tmp_path / f"frame{n}").write_bytes(bytes(100))
