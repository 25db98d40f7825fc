"""The rate of moves: a sliding window of one second over the moves that were permitted."""

from __future__ import annotations

import pytest
from gate_kit import Bench, scope
from hypothesis import given
from hypothesis import strategies as st

from hardware.data import Permit, Refusal, Rule


def moves(bench: Bench, n: int) -> int:
    """Ask for `n` different moves now; how many were permitted."""
    bench.gate.xy(0, 0)
    return 1 + sum(isinstance(bench.gate.xy(i, 0), Permit) for i in range(1, n))


def test_the_fifty_first_move_in_a_second_is_refused_and_does_not_count() -> None:
    bench = Bench()
    assert moves(bench, 60) == 50
    answer = bench.refused[0]
    assert answer.rule is Rule.RATE
    assert str(answer) == (
        "refused: move to x = 50 um, y = 0 um (limit: 50 moves per second); nothing was sent."
        ' Slow down, or change stage.max_moves_per_s in the YAML of microscope "bench".'
    )
    bench.time_s = 0.999
    assert isinstance(bench.gate.xy(-1, 0), Refusal)
    bench.time_s = 1.0
    assert moves(bench, 60) == 50


def test_xy_and_z_share_the_window() -> None:
    bench = Bench(scope(stage={"max_moves_per_s": 2}))
    assert isinstance(bench.gate.xy(1, 1), Permit)
    assert isinstance(bench.gate.z(1, objective="10X", current_z_um=0), Permit)
    assert isinstance(bench.gate.xy(2, 2), Refusal)
    assert isinstance(bench.gate.z(2, objective="10X", current_z_um=1), Refusal)


def test_going_where_one_is_counts_nothing() -> None:
    bench = Bench(scope(stage={"max_moves_per_s": 1}))
    for _ in range(100):
        assert isinstance(bench.gate.xy(5, 5), Permit)
        assert isinstance(bench.gate.z(5, objective="10X", current_z_um=5), Permit)
    assert isinstance(bench.gate.z(6, objective="10X", current_z_um=5), Refusal)


def test_a_refused_move_is_not_where_one_is() -> None:
    bench = Bench(scope(stage={"max_moves_per_s": 1}))
    assert isinstance(bench.gate.xy(1, 1), Permit)
    assert isinstance(bench.gate.xy(2, 2), Refusal)
    assert isinstance(bench.gate.xy(2, 2), Refusal)
    assert isinstance(bench.gate.xy(1, 1), Permit)


def test_a_triggered_stack_is_one_move() -> None:
    bench = Bench(scope(stage={"max_moves_per_s": 2}))
    stack = [i / 10 for i in range(500)]
    for expected in (Permit, Permit, Refusal):
        answer = bench.gate.z_stack(stack, objective="10X", current_z_um=0)
        assert isinstance(answer, expected)


def test_no_yaml_allows_more_than_the_backstop() -> None:
    bench = Bench(scope(stage={"max_moves_per_s": 1e6}))
    assert moves(bench, 200) == 100
    assert str(bench.refused[0]).startswith(
        "refused: move to x = 100 um, y = 0 um (limit: 100 moves per second); nothing was sent."
        " This limit is built in"
    )
    assert bench.refused[0].rule is Rule.BACKSTOP


@pytest.mark.parametrize(("rate", "wait_s"), [(0.25, 4.0), (0.1, 10.0), (1.9, 1.0)])
def test_a_slow_stage_waits_its_time(rate: float, wait_s: float) -> None:
    bench = Bench(scope(stage={"max_moves_per_s": rate}))
    assert moves(bench, 3) == 1
    bench.time_s = wait_s - 0.001
    assert isinstance(bench.gate.xy(9, 9), Refusal)
    bench.time_s = wait_s
    assert isinstance(bench.gate.xy(9, 9), Permit)


@given(st.floats(0.5, 12), st.lists(st.floats(0, 0.4), min_size=1, max_size=120))
def test_no_second_ever_holds_more_moves_than_the_limit(rate: float, waits: list[float]) -> None:
    bench = Bench(scope(stage={"max_moves_per_s": rate}))
    permitted = []
    for i, wait_s in enumerate(waits):
        bench.time_s += wait_s
        if isinstance(bench.gate.xy(i, 0), Permit):
            permitted.append(bench.time_s)
    for start in permitted:
        assert sum(start <= t < start + 1 for t in permitted) <= max(1, rate)
