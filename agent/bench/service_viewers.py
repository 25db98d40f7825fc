"""What ten viewers cost the acquisition: with and without them in turn, in one run.

The clock runs at real pace and the fields are imaged back to back, so that the instrument, not the
computer, sets the rate: as on a real microscope.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from agent.bench.service_clients import Answers, Crowd, attached
from agent.bench.service_rig import START_S, one, p99_ms, plan, scenario, service

if TYPE_CHECKING:
    from pathlib import Path

    from agent.bench.service_rig import Rig

VIEWERS = 10
PHASE_S = 15.0
SETTLE_S = 3.0  # clients start in a second or two


def viewers(home: Path, pairs: int, phase_s: float = PHASE_S) -> dict[str, Any]:
    """Visits per real second of each pair, and the median of their ratios."""
    pairs_seen: list[tuple[float, float]] = []
    answers = Answers()
    with service(home, scenario(1, {}), pace=1.0) as rig:
        id_ = rig.submit(plan(4, 1.0, int(START_S + 2 * pairs * (phase_s + 4 * SETTLE_S))))
        run = rig.run_of(id_)
        time.sleep(SETTLE_S)
        for number in range(pairs):
            if number % 2:  # so that a trend of the computer falls on both sides
                watched = _watched(rig, run, id_, answers, phase_s)
                alone = _rate(run, phase_s)
            else:
                alone = _rate(run, phase_s)
                watched = _watched(rig, run, id_, answers, phase_s)
            pairs_seen.append((alone, watched))
        rig.client.post("/api/v1/stop")
    ratios = [watched / alone for alone, watched in pairs_seen]
    pages = [took for path, all_ in answers.took_s.items() if "page" in path for took in all_]
    return {
        "viewers": VIEWERS,
        "pairs": pairs,
        "seconds_each": phase_s,
        "visits_per_s_without_and_with": [(round(a, 3), round(w, 3)) for a, w in pairs_seen],
        "ratios": [round(ratio, 4) for ratio in ratios],
        "rate_with_over_without": round(statistics.median(ratios), 4),
        "pages_answered": len(pages),
        "page_p99_ms": p99_ms(pages),
        "answers_not_ok": len(answers.bad),
        "not_ok": sorted(set(answers.bad))[:5],
    }


def _watched(rig: Rig, run: Path, id_: int, answers: Answers, phase_s: float) -> float:
    with attached(rig.url, rig.token, id_, (Crowd("pages", VIEWERS),), answers):
        time.sleep(SETTLE_S)
        return _rate(run, phase_s)


def _rate(run: Path, phase_s: float) -> float:
    """Delivered visits per real second: from one visit's end to another's, of the journal."""
    sql = "SELECT count(*) FROM visits WHERE state='delivered'"
    before, began = _next(run, sql), time.monotonic()
    time.sleep(phase_s)
    after, ended = _next(run, sql), time.monotonic()
    return float((after - before) / (ended - began))


def _next(run: Path, sql: str) -> int:
    """The count just after it has changed, so that no part of a visit is lost or won."""
    count: int = one(run, sql)
    until = time.monotonic() + 10
    while (now := int(one(run, sql))) == count and time.monotonic() < until:
        time.sleep(0.005)
    return now
