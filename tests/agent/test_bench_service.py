"""`bench service`: its rules on invented figures, and its clients on a service that answers."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "service"), str(TESTS / "mcp")]
from mcp_kit import open_house  # noqa: E402
from service_kit import finished_run, standin  # noqa: E402
from standin import CURRENT  # noqa: E402

from agent.bench.page import render  # noqa: E402
from agent.bench.service_clients import KINDS, Answers, Crowd, attached  # noqa: E402
from agent.bench.service_promises import misses  # noqa: E402
from agent.bench.service_rig import p99_ms  # noqa: E402
from agent.bench.service_soak import CLIENTS, account_of, by_kind  # noqa: E402
from agent.bench.service_watch import Watch, grows, growth  # noqa: E402
from agent.web.tokens import Role  # noqa: E402

if TYPE_CHECKING:
    from standin import StandIn

__all__ = ["finished_run", "standin"]
GOOD_SOAK: dict[str, Any] = {
    "outcome": "complete",
    "why": "",
    "frames_lost": 0,
    "account_balances": True,
    "commands_lost": 0,
    "answers_not_ok": 0,
    "answers": {"page": 9, "picture": 9, "api": 9, "mcp": 9, "command": 9},
    "growing": {},
    "page_p99_ms": 100.0,
    "memory_growth": {"service": 0.01, "runner": -0.01},
    "simulated_days": 3,
    "positions": 24,
    "wall_s": 900.0,
    "visits": 10_368,
    "delivered": 10_300,
    "skipped": 60,
    "dropped": 8,
    "faults": 70,
}
GOOD_VIEWERS: dict[str, Any] = {
    "viewers": 10,
    "pairs": 2,
    "ratios": [0.98, 1.0],
    "answers_not_ok": 0,
    "page_p99_ms": 100.0,
    "rate_with_over_without": 0.99,
}


@pytest.mark.parametrize(
    ("soak", "viewers", "missed"),
    [
        ({}, {}, 0),
        ({"outcome": "held", "why": "x"}, {}, 1),
        ({"frames_lost": 1}, {}, 1),
        ({"account_balances": False}, {}, 1),
        ({"commands_lost": 1}, {}, 1),
        ({"answers_not_ok": 1}, {}, 1),
        ({}, {"answers_not_ok": 1}, 1),
        ({"answers": {"page": 9, "mcp": 0}}, {}, 1),
        ({"growing": {"messages": (1, 900)}}, {}, 1),
        ({"page_p99_ms": 250.0}, {}, 1),
        ({}, {"page_p99_ms": 251.0}, 1),
        ({"memory_growth": {"service": 0.051, "runner": 0.06}}, {}, 2),
        ({}, {"rate_with_over_without": 0.969}, 1),
    ],
)
def test_each_promise_that_is_missed_is_said(
    soak: dict[str, Any], viewers: dict[str, Any], missed: int
) -> None:
    assert len(misses(GOOD_SOAK | soak, GOOD_VIEWERS | viewers)) == missed


def test_the_page_of_figures_says_what_was_missed() -> None:
    bad = GOOD_SOAK | {"frames_lost": 3}
    result = {"machine": {"cpus": 2}, "soak": bad, "viewers": GOOD_VIEWERS}
    text = render({"service": result | {"missed": misses(bad, GOOD_VIEWERS)}})
    assert "**Missed**: frames were lost." in text
    assert "| frames in the journal that are not stored | 0 | 3 |" in text
    kept = render({"service": result | {"soak": GOOD_SOAK, "missed": []}})
    assert "Every promise was kept." in kept


def test_growth_is_looked_at_after_the_warm_up() -> None:
    warming = [10.0 * n for n in range(20)] + [200.0] * 80
    assert growth(warming) == 0.0
    assert growth([100.0 + n for n in range(100)]) == pytest.approx(0.6, abs=0.05)
    assert growth([]) == 0.0


def test_a_queue_that_breathes_does_not_grow_and_a_leak_does() -> None:
    assert not grows([float(n % 8) for n in range(100)])
    assert not grows([0.0] * 100) and not grows([])
    assert grows([n / 2 for n in range(100)])


def test_the_99th_of_100_is_the_99th() -> None:
    assert p99_ms([n / 1000 for n in range(1, 101)]) == 99.0
    assert p99_ms([]) == 0.0


def test_every_kind_of_client_gets_answers_and_ends(standin: StandIn, tmp_path: Path) -> None:
    """Page, program, assistant and person against a service; the bench has them all attached."""
    assert {crowd.kind for crowd in CLIENTS} == set(KINDS)
    answers = Answers()
    crowds = [Crowd(kind, 1) for kind in KINDS]
    with open_house(standin, tmp_path) as house:
        ends_s = time.monotonic() + 90
        key = house.token(Role.ASSISTANT)
        with attached(house.url, house.token(), CURRENT, crowds, answers, assistant=key):
            calls = house.home / "logs" / "mcp.jsonl"
            while not (calls.exists() and standin.commands_) and time.monotonic() < ends_s:
                time.sleep(0.2)
            time.sleep(2.0)
    found = by_kind(answers)
    assert found["api"] and found["mcp"] and found["command"] and found["page"]
    assert set(answers.commands) <= set(standin.commands_)
    # the stand-in's door has no page; everything else answers
    assert not [bad for bad in answers.bad if not bad.startswith("page ")], answers.bad[:5]


def test_the_account_reads_every_frame_of_the_journal(finished_run: Path) -> None:
    found = account_of(finished_run)
    assert found["frames"] > 10 and found["frames_lost"] == 0 and found["account_balances"]


def test_a_watch_sees_this_process_and_a_runs_queues(finished_run: Path, tmp_path: Path) -> None:
    import os

    watch = Watch(tmp_path, os.getpid())
    watch.sample(finished_run)
    assert watch.memory_mib["service"][0] > 10
    assert watch.longest()["visits without a decision"] == 0
    assert watch.longest()["service's threads"] >= 1
