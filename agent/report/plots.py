"""The report's plots over time: the timeline of visits and small multiples of one number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VisitState
from agent.report.figure import canvas, colour, hours, plain, svg
from hardware.data import VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from agent.report.record import Record

WIDTH_IN = 10.2
MOST_ROWS = 48
MOST_PANELS = 24
_TICKS = 900  # visits drawn apart in one row; closer ones fall together
_POINTS = 400  # points of one line; more are averaged
_KINDS: Mapping[str, str] = {
    VisitKind.BASELINE: "baseline", VisitKind.REACTION: "burst",
    VisitKind.REVISIT: "revisit", VisitKind.SEARCH: "retry",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """One number per look. `lines` are horizontal thresholds; `marks` (time, ok) autofocus runs."""

    name: str
    title: str
    values: Mapping[str, Sequence[tuple[float, float]]]  # field -> (run time, value)
    top: float | None = None
    lines: tuple[float, ...] = ()
    marks: Mapping[str, Sequence[tuple[float, bool]]] | None = None


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
        axes = _axes(figure.add_axes, 0.7 + 0.26 * len(rows), rows)
        _bars(axes, record, rows)
        ticks: dict[str, set[tuple[int, float]]] = defaultdict(set)
        step = max(last_s, 1.0) / _TICKS
        lost: list[tuple[float, int]] = []
        for visit in record.visits:
            if visit.fov not in rows:
                continue
            time_s = visit.started_s
            if visit.state in {VisitState.SKIPPED, VisitState.DROPPED}:
                lost.append((time_s or visit.finished_s or 0.0, rows[visit.fov]))
            elif time_s is not None:
                key = (rows[visit.fov], round(time_s / step) * step)
                ticks[_KINDS.get(visit.kind, "baseline")].add(key)
        for name, places in ticks.items():
            _strokes(axes, places, name)
        for ok in (True, False):
            _points(axes, [(f.time_s, rows[f.fov]) for f in record.focus
                           if f.ok is ok and f.fov in rows], ok)  # fmt: skip
        if lost:
            axes.plot(*zip(*lost, strict=True), "|", color=colour("bad"), ms=9, mew=2, ls="none")
        return svg(figure, "timeline", "Timeline: visits and bursts of each field over the run")


def panels(record: Record, series: Series) -> str:
    """Small multiples: one panel per field on common axes, bursts shaded. "" without values."""
    shown = [fov for fov in fields_to_show(record, MOST_PANELS) if series.values.get(fov)]
    if not shown:
        return ""
    columns = min(3, len(shown))
    height = 0.35 + 1.05 * -(-len(shown) // columns)
    highest = max(v for fov in shown for _, v in series.values[fov])
    lowest = min(0.0, *(v for fov in shown for _, v in series.values[fov]))
    top = series.top if series.top is not None else (highest * 1.12 or 1.0)
    with canvas(WIDTH_IN, height) as figure:
        grid = figure.add_gridspec(
            -(-len(shown) // columns), columns, left=0.045, right=0.995, wspace=0.1, hspace=0.45,
            top=1 - 0.24 / height, bottom=0.3 / height,
        )  # fmt: skip
        for number, fov in enumerate(shown):
            axes = figure.add_subplot(grid[divmod(number, columns)])
            plain(axes, grid="y")
            hours(axes, record.run.last_s)
            axes.set_ylim(lowest, top)
            axes.locator_params(axis="y", nbins=3)
            axes.set_title(fov, loc="left", fontsize=9, color=colour("ink"), pad=3)
            if number + columns < len(shown):
                axes.set_xticklabels([])
            if number % columns:
                axes.set_yticklabels([])
            for burst in record.bursts:
                if burst.fov == fov:
                    end = burst.ended_s if burst.ended_s is not None else burst.until_s
                    axes.axvspan(burst.start_s, end, color=colour("burst"), alpha=0.2, lw=0)
            for line in series.lines:
                axes.axhline(line, color=colour("muted"), lw=0.8, ls=(0, (3, 3)))
            axes.plot(*_thinned(series.values[fov]), color=colour("accent"), lw=1.4)
            marks = (series.marks or {}).get(fov, ())
            for ok in (True, False):
                _points(axes, [(t, top * 0.93) for t, good in marks if good is ok], ok)
        return svg(figure, series.name, f"{series.title}, one panel per field over the run")


def _axes(add: object, height: float, rows: Mapping[str, int]) -> Axes:
    axes: Axes = add((0.085, 0.3 / height, 0.905, 1 - 0.36 / height))  # type: ignore[operator]
    plain(axes, grid="x")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [_short(name) for name in rows])
    axes.tick_params(axis="y", colors=colour("ink"))
    return axes


def _short(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"


def _bars(axes: Axes, record: Record, rows: Mapping[str, int]) -> None:
    hours(axes, record.run.last_s)
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


def _points(axes: Axes, points: Sequence[tuple[float, float]], ok: bool) -> None:
    if points:
        axes.plot(
            *zip(*points, strict=True), "^" if ok else "X", ls="none", ms=4.5 if ok else 5.5,
            color=colour("focus" if ok else "bad"), mec=colour("surface"), mew=0.5,
        )  # fmt: skip


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    size = -(-len(points) // _POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    times = [sum(t for t, _ in group) / len(group) for group in groups]
    return times, [sum(v for _, v in group) / len(group) for group in groups]
