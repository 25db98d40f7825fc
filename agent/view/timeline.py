"""What happened, latest first, a page at a time: decisions and everything that people should see.

Decisions that ask for nothing and autofocus runs that found focus are left out unless all are
wanted: a night has thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from agent.view.events import DETAILS
from agent.view.journal import NoJournal, looking

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from agent.service.views import EventView
    from agent.view.journal import Rows

EventKind = Literal["decision", "refusal", "error", "note", "command", "change", "ask", "focus"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)
MOST = 200
_QUIET = "instr(decision, '\"actions\":[]') = 0"  # as pydantic writes it; quotes in texts have a \


@dataclass(frozen=True, slots=True)
class _Table:
    """Where events of a kind are. `loud`: a condition for those worth a person's time."""

    name: str
    key: str = "id"
    time: str = "time_s"
    loud: str = "1"


_TABLES: dict[EventKind, _Table] = {
    "note": _Table("notes"),
    "command": _Table("commands"),
    "change": _Table("changes"),
    "ask": _Table("asks", time="asked_s"),
    "focus": _Table("focus", loud="ok = 0"),
    "decision": _Table("decisions", key="visit", loud=_QUIET),
    "refusal": _Table("refusals"),
    "error": _Table("errors"),
}
_RANK = {kind: rank for rank, kind in enumerate(_TABLES)}
_Place = tuple[float, int, int]  # time, rank of the kind, number: the order of the timeline


@dataclass(frozen=True, slots=True)
class Page:
    """Events, latest first; ids to go on with, None at an end."""

    events: tuple[EventView, ...] = ()
    older: str | None = None
    newer: str | None = None


def timeline(
    run_dir: Path,
    *,
    before: str | None = None,
    after: str | None = None,
    kinds: Collection[str] = EVENT_KINDS,
    quiet: bool = False,
    limit: int = 50,
) -> Page:
    """A page of events: the latest, those `before` an event's id, or those `after` one.

    An id that is not there (any more) counts as none. `quiet`: with what is usually left out.
    """
    limit = max(1, min(limit, MOST))
    try:
        with looking(run_dir) as rows:
            older, newer = _place(rows, before), _place(rows, after)
            up = older is None and newer is not None
            wanted = [kind for kind in EVENT_KINDS if kind in kinds]
            found = [p for kind in wanted for p in _near(rows, kind, older, newer, quiet, limit)]
            found.sort(reverse=not up)
            more = len(found) > limit
            found = sorted(found[:limit], reverse=True)
            events = _told(rows, found)
            ends = _ends(found, more=more, up=up, paged=older is not None)
            return Page(events, *ends)
    except NoJournal:
        return Page()


def event_id(kind: str, number: int) -> str:
    """How an event is named within its run."""
    return f"{kind}-{number}"


def _ends(
    found: list[_Place], *, more: bool, up: bool, paged: bool
) -> tuple[str | None, str | None]:
    if not found:
        return None, None
    kinds = list(_TABLES)
    first, last = (event_id(kinds[rank], number) for _, rank, number in (found[0], found[-1]))
    if up:
        return last, first if more else None
    return last if more else None, first if paged else None


def _place(rows: Rows, id_: str | None) -> _Place | None:
    kind, _, number = (id_ or "").partition("-")
    table = _TABLES.get(kind)  # type: ignore[call-overload]  # any text may come in
    if table is None or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    found = rows(f"SELECT {table.time} FROM {table.name} WHERE {table.key}=?", int(number))
    return (float(found[0][0]), _RANK[kind], int(number)) if found else None  # type: ignore[index]


def _near(
    rows: Rows, kind: EventKind, older: _Place | None, newer: _Place | None, quiet: bool, limit: int
) -> list[_Place]:
    """The events of a kind next to a place, one more than wanted."""
    table, rank = _TABLES[kind], _RANK[kind]
    where, values = "1" if quiet else table.loud, []
    for place, sign in ((older, "<"), (newer if older is None else None, ">")):
        if place is not None:
            time_s, of_rank, number = place
            at = number if rank == of_rank else (1 << 62) * (1 if (of_rank > rank) else -1)
            where += f" AND ({table.time}, {table.key}) {sign} (?, ?)"
            values += [time_s, at]
    order = "ASC" if older is None and newer is not None else "DESC"
    sql = (
        f"SELECT {table.time}, {table.key} FROM {table.name} WHERE {where}"
        f" ORDER BY {table.time} {order}, {table.key} {order} LIMIT {limit + 1}"
    )
    return [(float(time_s), rank, key) for time_s, key in rows(sql, *values)]


def _told(rows: Rows, places: list[_Place]) -> tuple[EventView, ...]:
    kinds, numbers = list(_TABLES), dict[str, list[int]]()
    for _, rank, number in places:
        numbers.setdefault(kinds[rank], []).append(number)
    told = {
        (kind, number): event
        for kind, keys in numbers.items()
        for number, event in DETAILS[kind](rows, keys).items()
    }
    return tuple(told[key] for _, rank, number in places if (key := (kinds[rank], number)) in told)
