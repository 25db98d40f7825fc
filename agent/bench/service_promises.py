"""What `bench service` holds a service to."""

from __future__ import annotations

from typing import Any

MOST_GROWTH, MOST_P99_MS, LEAST_RATE = 0.05, 250.0, 0.97


def misses(soaked: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """What is not as promised, in words."""
    checks = {
        f"the run is {soaked['outcome']}: {soaked['why']}": soaked["outcome"] == "complete",
        "frames were lost": soaked["frames_lost"] == 0,
        "the account does not balance": soaked["account_balances"],
        "commands were lost": soaked["commands_lost"] == 0,
        "answers were not good": not soaked["answers_not_ok"] and not seen["answers_not_ok"],
        "no clients of some kind": all(soaked["answers"].values()),
        "queues grow": not soaked["growing"],
        "pages are slow": max(soaked["page_p99_ms"], seen["page_p99_ms"]) < MOST_P99_MS,
        "viewers slow it down": seen["rate_with_over_without"] > LEAST_RATE,
    }
    checks |= {
        f"the {name}'s memory grows": grown < MOST_GROWTH
        for name, grown in soaked["memory_growth"].items()
    }
    return [what for what, good in checks.items() if not good]
