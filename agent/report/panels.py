"""Small multiples: one panel per field on common axes.

All panels are drawn into one matplotlib Axes in inches: a separate Axes for each costs 50 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.figure import canvas, colour, svg, time_ticks
from agent.report.plots import WIDTH_IN, draw_focus, fields_to_show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from agent.report.record import Record

    Points = Sequence[tuple[float, float]]

MOST_PANELS = 24
_POINTS = 400  # points of one line; more are averaged
_COLUMNS = 3
_LEFT, _RIGHT, _BETWEEN = 0.45, 0.2, 0.3  # inches
_TITLE, _PLOT, _FOOT = 0.3, 0.72, 0.3


@dataclass(frozen=True, slots=True)
class Series:
    """One number per look. `lines` are horizontal thresholds; `marks` (time, ok) autofocus runs."""

    name: str
    title: str
    values: Mapping[str, Points]  # field -> (run time, value)
    top: float | None = None
    lines: tuple[float, ...] = ()
    marks: Mapping[str, Sequence[tuple[float, bool]]] | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    """From run time and value to inches; (left, floor) is the panel's lower left corner."""

    left: float
    floor: float
    width: float
    last_s: float
    low: float
    high: float

    def x(self, time_s: float) -> float:
        return self.left + self.width * min(max(time_s / self.last_s, 0.0), 1.0)

    def y(self, value: float) -> float:
        return self.floor + _PLOT * (value - self.low) / (self.high - self.low)


def panels(record: Record, series: Series) -> str:
    """The figure as SVG, bursts shaded; "" without values."""
    from matplotlib.ticker import MaxNLocator

    shown = [fov for fov in fields_to_show(record, MOST_PANELS) if series.values.get(fov)]
    if not shown:
        return ""
    numbers = [value for fov in shown for _, value in series.values[fov]]
    low = min(0.0, *numbers)
    high = series.top if series.top is not None else max(numbers) * 1.12 or 1.0
    high = max(high, low + 1e-9)
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    height = rows * (_TITLE + _PLOT) + _FOOT
    width = (WIDTH_IN - _LEFT - _RIGHT - _BETWEEN * (columns - 1)) / columns
    last_s = max(record.run.last_s, 1.0)
    ticks = [
        v for v in MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= v <= high
    ]
    with canvas(WIDTH_IN, height) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH_IN)
        axes.set_ylim(0, height)
        for number, fov in enumerate(shown):
            row, column = divmod(number, columns)
            left = _LEFT + column * (width + _BETWEEN)
            floor = height - (row + 1) * (_TITLE + _PLOT)
            scale = _Scale(left, floor, width, last_s, low, high)
            _frame(axes, scale, ticks, values=column == 0, times=number + columns >= len(shown))
            axes.text(left, floor + _PLOT + 0.07, fov, color=colour("ink"), fontsize=9)
            _draw(axes, scale, record, series, fov)
        return svg(figure, series.name, f"{series.title}, one panel per field over the run")


def _frame(axes: Axes, scale: _Scale, ticks: Sequence[float], *, values: bool, times: bool) -> None:
    left, right = scale.left, scale.left + scale.width
    axes.hlines([scale.y(v) for v in ticks], left, right, color=colour("grid"), lw=0.7, zorder=1)
    for value in ticks if values else ():
        axes.text(left - 0.06, scale.y(value), f"{value:g}", ha="right", va="center",
                  fontsize=8.5, color=colour("muted"))  # fmt: skip
    for time_s, label in time_ticks(scale.last_s, 4) if times else ():
        axes.text(scale.x(time_s), scale.floor - 0.1, label, ha="center", va="top", fontsize=8.5,
                  color=colour("muted"))  # fmt: skip


def _draw(axes: Axes, scale: _Scale, record: Record, series: Series, fov: str) -> None:
    for burst in record.bursts:
        if burst.fov == fov:
            end_s = burst.ended_s if burst.ended_s is not None else burst.until_s
            x = [scale.x(burst.start_s), scale.x(end_s)]
            axes.fill_between(x, scale.floor, scale.floor + _PLOT, color=colour("burst"),
                              alpha=0.22, lw=0, zorder=2)  # fmt: skip
    right = scale.left + scale.width
    for line in series.lines:
        axes.hlines(scale.y(line), scale.left, right, color=colour("muted"), lw=0.8,
                    linestyles=(0, (3, 3)), zorder=3)  # fmt: skip
    points = [(scale.x(t), scale.y(v)) for t, v in _thinned(series.values[fov])]
    dot = "o" if len(points) == 1 else ""
    axes.plot(
        *zip(*points, strict=True), color=colour("accent"), lw=1.4, marker=dot, ms=3, zorder=4
    )
    for ok in (True, False):
        marks = [t for t, good in (series.marks or {}).get(fov, ()) if good is ok]
        draw_focus(axes, [(scale.x(t), scale.floor + 0.93 * _PLOT) for t in marks], ok=ok)


def _thinned(points: Points) -> list[tuple[float, float]]:
    size = -(-len(points) // _POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(t for t, _ in g) / len(g), sum(v for _, v in g) / len(g)) for g in groups]
