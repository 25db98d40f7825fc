"""What of a run needs a person, in words, from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.journal.states import Outcome, VerdictState, VisitState
from agent.report.account import account_of, balance_line, disagreements
from agent.report.unpack import as_text
from agent.report.words import amount, many, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.report.light import Light
    from agent.report.record import Record, Trouble, VisitRow

_MOST = 3  # lines of one sort
_LONG = 160
_NEARLY = 0.9  # of a light budget


def attention(record: Record, light: Light, since_s: float = 0.0) -> list[str]:
    """One line for each thing that went wrong since run time `since_s`; [] when all is well."""
    account = account_of(record)
    lines = []
    if record.run.outcome is Outcome.FAILED:
        why = as_text(record.run.summary.get("why"), _LONG)
        lines.append(f"the run failed{f': {why}' if why else ''}")
    if record.run.ended and not account.balances:
        lines.append(balance_line(account))
    lines += [f"summary and journal differ: {line}" for line in disagreements(record, account)]
    lines += _lost([v for v in record.visits if (v.started_s or v.due_s) >= since_s])
    lines += _verdicts(record, since_s)
    failed = [f for f in record.focus if not f.ok and f.time_s >= since_s]
    if failed:
        lines.append(f"autofocus failed {_times(len(failed))}: {_short(failed[-1].why)}")
    lines += _troubles("error", record.errors, since_s)
    lines += _troubles("refused", record.refusals, since_s)
    lines += _budget(light)
    return lines


def _lost(visits: Sequence[VisitRow]) -> list[str]:
    counts = {
        "skipped": sum(v.state == VisitState.SKIPPED for v in visits),
        "without all their frames": sum(v.state == VisitState.DROPPED for v in visits),
        "late": sum(v.late and v.state == VisitState.DELIVERED for v in visits),
    }
    said = [f"{n:,} {what}" for what, n in counts.items() if n]
    return [f"visits: {', '.join(said)}"] if said else []


def _verdicts(record: Record, since_s: float) -> list[str]:
    """A judge that fails or says nothing is a night in which nobody looked."""
    looks = [look for look in record.looks if look.time_s >= since_s]
    bad = {
        VerdictState.FAILED: "the judge failed",
        VerdictState.LATE: "the verdict came too late",
    }
    lines = []
    for state, words in bad.items():
        n = sum(look.state == state for look in looks)
        if n:
            lines.append(f"{words} at {n:,} of {many(len(looks), 'look')}")
    return lines


def _troubles(what: str, rows: Sequence[Trouble], since_s: float) -> list[str]:
    """The most frequent ones; their counts are of the whole run."""
    recent = sorted((r for r in rows if r.last_s >= since_s), key=lambda r: -r.times)
    lines = [
        f"{what}: {_short(row.what)}" + (f" ({row.times:,} times)" if row.times > 1 else "")
        for row in recent[:_MOST]
    ]
    if len(recent) > _MOST:
        lines.append(f"{what}: {many(len(recent) - _MOST, 'other')}, see the report")
    return lines


def _budget(light: Light) -> list[str]:
    if light.busiest is None or not light.budget_per_field:
        return []
    fov, most = light.busiest
    share = most / light.budget_per_field
    if share < _NEARLY:
        return []
    budget = amount(light.budget_per_field, light.unit)
    return [f"light: {fov} has had {percent(share)} of its budget of {budget}"]


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _short(text: str) -> str:
    return as_text(" ".join(text.split()), _LONG)
