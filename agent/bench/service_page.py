"""The table of `bench service` for docs/benchmarks.md: each promise beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.bench.service_promises import LEAST_RATE, MOST_GROWTH, MOST_P99_MS

if TYPE_CHECKING:
    from collections.abc import Iterator


def tables(result: dict[str, Any]) -> str:
    """Markdown. What was missed is said first."""
    soak, seen = result["soak"], result["viewers"]
    missed = result["missed"]
    verdict = f"**Missed**: {'; '.join(missed)}." if missed else "Every promise was kept."
    lines = ["| what | promised | measured |", "|---|---|---|", *_rows(soak, seen)]
    about = (
        f"{soak['simulated_days']:g} simulated days, {soak['positions']} fields,"
        f" {soak['wall_s']:g} s of real time, faults at random; pages, programs, assistants and a"
        " person who commands, all the time."
    )
    return f"{about} {verdict}\n\n" + "\n".join(lines) + "\n"


def _rows(soak: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    answers = ", ".join(f"{n} {kind}" for kind, n in soak["answers"].items())
    account = (
        f"{soak['visits']} = {soak['delivered']} delivered + {soak['skipped']} skipped"
        f" + {soak['dropped']} dropped"
    )
    growth = soak["memory_growth"]
    ratios = ", ".join(f"{ratio:.3f}" for ratio in seen["ratios"])
    for what, promised, measured in (
        ("the run", "complete", f"{soak['outcome']}, {soak['faults']} faults on the way"),
        ("frames in the journal that are not stored", "0", f"{soak['frames_lost']}"),
        ("visits", "every one accounted for", account),
        ("commands that were taken and lost", "0", f"{soak['commands_lost']}"),
        ("answers", "none bad", f"{answers}; {soak['answers_not_ok']} bad"),
        ("queues that grow", "none", ", ".join(soak["growing"]) or "none"),
        *(
            (f"memory of the {name}, last tenth over the tenth after the warm-up", most, grown)
            for name, most, grown in (
                (n, f"< +{100 * MOST_GROWTH:g} %", f"{100 * g:+.1f} %") for n, g in growth.items()
            )
        ),
        (
            "page, p99, while the run goes as fast as the computer can",
            f"< {MOST_P99_MS:g} ms",
            f"{soak['page_p99_ms']:g} ms",
        ),
        (
            f"page, p99, {seen['viewers']} pages at real pace",
            f"< {MOST_P99_MS:g} ms",
            f"{seen['page_p99_ms']:g} ms",
        ),
        (
            f"visits per second with {seen['viewers']} pages over without, median of"
            f" {seen['pairs']} pairs",
            f"> {LEAST_RATE:g}",
            f"{seen['rate_with_over_without']:.3f} ({ratios})",
        ),
    ):
        yield f"| {what} | {promised} | {measured} |"
