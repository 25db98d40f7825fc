"""The timeline: visits, bursts and autofocus runs of each field."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from agent.journal.states import VisitState
from agent.report.figure import canvas, colour, plain, run_time, svg
from hardware.data import VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agent.report.record import Record

WIDTH_IN = 10.2
MOST_ROWS = 48
_TICKS = 900  # visits drawn apart in one row; closer ones fall together
_KINDS: Mapping[str, str] = {
    VisitKind.BASELINE: "baseline", VisitKind.REACTION: "burst",
    VisitKind.REVISIT: "revisit", VisitKind.SEARCH: "retry",
}  # fmt: skip


def fields_to_show(record: Record, most: int) -> tuple[str, ...]:
    """All fields in the plan's order, or those with most bursts and visits."""
    names = [field.name for field in record.fields]
    if len(names) <= most:
        return tuple(names)
    weight: dict[str, int] = defaultdict(int)
    for burst in record.bursts:
        weight[burst.fov] += 100_000
    for visit in record.visits:
        weight[visit.fov] += 1
    kept = set(sorted(names, key=lambda name: -weight[name])[:most])
    return tuple(name for name in names if name in kept)


def timeline(record: Record) -> str:
    """Visits and bursts of each field over the run."""
    rows = {fov: row for row, fov in enumerate(fields_to_show(record, MOST_ROWS))}
    last_s = record.run.last_s
    with canvas(WIDTH_IN, 0.7 + 0.26 * len(rows)) as figure:
        axes = _axes(figure, 0.7 + 0.26 * len(rows), rows)
        _bars(axes, record, rows)
        ticks: dict[str, set[tuple[int, float]]] = defaultdict(set)
        step = max(last_s, 1.0) / _TICKS
        lost: list[tuple[float, int]] = []
        for visit in record.visits:
            if visit.fov not in rows:
                continue
            time_s = visit.started_s
            if visit.state in {VisitState.SKIPPED, VisitState.DROPPED}:
                lost.append((time_s or visit.due_s, rows[visit.fov]))
            elif time_s is not None:
                key = (rows[visit.fov], round(time_s / step) * step)
                ticks[_KINDS.get(visit.kind, "baseline")].add(key)
        for name, places in ticks.items():
            _strokes(axes, places, name)
        for ok in (True, False):
            draw_focus(axes, [(f.time_s, rows[f.fov]) for f in record.focus
                           if bool(f.ok) is ok and f.fov in rows], ok=ok)  # fmt: skip
        if lost:
            axes.plot(*zip(*lost, strict=True), "|", color=colour("bad"), ms=9, mew=2, ls="none")
        return svg(figure, "timeline", "Timeline: visits and bursts of each field over the run")


def _axes(figure: Figure, height: float, rows: Mapping[str, int]) -> Axes:
    left = margin(rows)
    axes = figure.add_axes((left, 0.3 / height, 0.98 - left, 1 - 0.36 / height))
    plain(axes, grid="x")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [short(name) for name in rows])
    axes.tick_params(axis="y", colors=colour("ink"))
    return axes


def short(name: str) -> str:
    """A field's name as it fits beside its row."""
    return name if len(name) <= 14 else f"{name[:13]}…"


def margin(names: Iterable[str]) -> float:
    """Room for these names left of the rows, as a share of the width."""
    return 0.015 + 0.0085 * max((len(short(name)) for name in names), default=0)


def _bars(axes: Axes, record: Record, rows: Mapping[str, int]) -> None:
    run_time(axes, record.run.last_s)
    for burst in record.bursts:
        if burst.fov in rows:
            end = (
                burst.ended_s
                if burst.ended_s is not None
                else min(burst.until_s, max(record.run.last_s, burst.start_s))
            )
            axes.broken_barh(
                [(burst.start_s, end - burst.start_s)], (rows[burst.fov] - 0.38, 0.76),
                facecolor=colour("burst"), alpha=0.28, linewidth=0,
            )  # fmt: skip


def _strokes(axes: Axes, places: Iterable[tuple[int, float]], name: str) -> None:
    """Short vertical strokes as one path: thousands of visits stay a small drawing."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points = [p for row, t in sorted(places) for p in ((t, row - 0.26), (t, row + 0.26))]
    codes = [Path.MOVETO, Path.LINETO] * (len(points) // 2)
    axes.add_patch(
        PathPatch(Path(points, codes), edgecolor=colour(name), facecolor="none", linewidth=1.1)
    )


def draw_focus(axes: Axes, points: Sequence[tuple[float, float]], *, ok: bool) -> None:
    """Autofocus runs: a triangle where focus was found, a cross where not."""
    if points:
        axes.plot(
            *zip(*points, strict=True), "^" if ok else "X", ls="none", ms=4.5 if ok else 5.5,
            color=colour("focus" if ok else "bad"), mec=colour("surface"), mew=0.5,
        )  # fmt: skip
