"""The page's tables and tiles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.unpack import as_text, number
from agent.report.words import at, figure, many, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.report.account import Account
    from agent.report.light import Light
    from agent.report.record import Record, Trouble

MOST_ROWS = 200
_MOST_REASONS = 20
_LONG = 600


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the top. `meter` in percent, None without one."""

    name: str
    value: str
    aside: str
    unit: str = ""
    meter: float | None = None


@dataclass(frozen=True, slots=True)
class TroubleLine:
    """A refusal, error or note in the table."""

    when: str
    times: str
    what: str
    where: str
    remedy: str


def tiles_of(record: Record, account: Account, light: Light) -> tuple[Tile, ...]:
    """The run in numbers."""
    failed = sum(not run.ok for run in record.focus)
    tiles = [
        Tile("Bursts", f"{len(record.bursts):,}",
             f"in {many(len({b.fov for b in record.bursts}), 'field')}"),
        Tile("Visits accounted for", f"{account.accounted:,}", f"of {account.expected:,} expected"),
    ]  # fmt: skip
    events = record.run.summary.get("events")
    if isinstance(events, dict) and number(events.get("total")) is not None:
        tiles.append(
            Tile("Events caught", as_text(events.get("captured")),
                 f"of {as_text(events.get('total'))} in the simulator's truth")
        )  # fmt: skip
    if light.busiest is not None:
        fov, most = light.busiest
        share = most / light.budget_per_field if light.budget_per_field else None
        budget = f", {percent(share)} of its budget" if share is not None else ", no budget set"
        tiles.append(
            Tile("Light, busiest field", figure(most), f"field {fov}{budget}", light.unit,
                 None if share is None else 100 * share)
        )  # fmt: skip
    if light.share_of_fixed is not None:
        share = light.share_of_fixed
        tiles.append(
            Tile("Light, whole run", percent(share), "of every field at the reaction rate",
                 meter=100 * share)
        )  # fmt: skip
    tiles.append(
        Tile(
            "Autofocus runs",
            f"{len(record.focus):,}",
            f"{failed:,} failed" if failed else "none failed",
        )
    )
    refused, errors = (sum(t.times for t in rows) for rows in (record.refusals, record.errors))
    tiles.append(Tile("Errors", f"{errors:,}", f"and {many(refused, 'refusal')} by the gate"))
    return tuple(tiles)


def visit_rows(record: Record, account: Account, light: Light) -> list[tuple[str, str, bool]]:
    """The completeness account: (name, number, is a detail of the row above)."""
    tally = record.tally
    rows = [
        ("Expected", account.expected, False),
        ("Delivered, every frame stored", account.delivered, False),
        ("of these late", account.late, True),
        ("Skipped, no frame taken", account.skipped, False),
        *((text, count, True) for text, count in _reasons(tally.skipped)),
        ("Dropped, frames lost on the way", account.dropped, False),
        *((text, count, True) for text, count in _reasons(tally.dropped)),
    ]
    if account.open or not record.run.ended:
        rows.append(("Still pending or running", account.open, False))
    rows.append(("Cancelled, no longer wanted (not expected)", account.cancelled, False))
    rows += [(text, count, True) for text, count in _reasons(tally.cancelled)]
    rows.append(("Frames expected of the delivered visits", account.frames_expected, False))
    rows.append(("Frames stored, with those of dropped visits", account.frames_stored, False))
    rows.append(("Exposures", light.exposures, False))
    rows.append(("cut off by a kill, end unknown (their light counts)", light.unfinished, True))
    return [(name, f"{n:,}", sub) for name, n, sub in rows]


def per_field_rows(record: Record, light: Light) -> list[tuple[str, ...]]:
    """One row per field with everything that the plots show."""
    made = Counter(visit.fov for visit in record.visits if visit.state == "delivered")
    bursts = Counter(burst.fov for burst in record.bursts)
    counts: dict[str, list[float]] = {}
    for look in record.looks:
        if look.count is not None:
            counts.setdefault(look.fov, []).append(look.count)
    rows: list[tuple[str, ...]] = []
    for field in record.fields:
        dose = light.per_field.get(field.name, 0.0)
        seen = counts.get(field.name)
        fixed = light.fixed_per_field
        rows.append((
            field.name,
            f"{made[field.name]:,}",
            f"{bursts[field.name]:,}",
            f"{seen[0]:.0f}" if seen else "–",
            f"{seen[-1]:.0f}" if seen else "–",
            figure(dose),
            percent(dose / light.budget_per_field) if light.budget_per_field else "–",
            percent(dose / fixed) if fixed else "–",
        ))  # fmt: skip
    return rows


def truth_rows(record: Record) -> list[tuple[str, str]]:
    """The simulator's score, as the summary has it; [] for a run that has none."""
    events = record.run.summary.get("events")
    if not isinstance(events, dict):
        return []
    names = {
        "total": "Events that occurred",
        "captured": "Captured",
        "recall": "Recall",
        "false_reactions": "Reactions to nothing",
    }
    rows = []
    for key, name in names.items():
        if key in events:
            value = number(events[key])
            text = percent(value) if key == "recall" else as_text(events[key], 80)
            rows.append((name, "–" if value is None else text))
    return rows


def trouble_lines(rows: Iterable[Trouble]) -> list[TroubleLine]:
    """Grouped rows in order of their first time."""
    lines = [
        TroubleLine(
            at(row.first_s) if row.times == 1 else f"{at(row.first_s)} to {at(row.last_s)}",
            f"{row.times:,}",
            as_text(row.what, _LONG),
            as_text(row.where, _LONG),
            as_text(row.remedy, _LONG),
        )
        for row in rows
    ]
    if len(lines) > MOST_ROWS:
        rest = f"{len(lines) - MOST_ROWS:,} more kinds are in journal.sqlite"
        lines = [*lines[:MOST_ROWS], TroubleLine("", "", rest, "", "")]
    return lines


def _reasons(why: Mapping[str, int]) -> list[tuple[str, int]]:
    rows = [(as_text(text, _LONG) or "no reason given", n) for text, n in why.items()]
    if len(rows) > _MOST_REASONS:
        rest = sum(n for _, n in rows[_MOST_REASONS:])
        rows = [*rows[:_MOST_REASONS], ("other reasons", rest)]
    return rows
