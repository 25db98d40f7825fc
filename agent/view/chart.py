"""Series, bars and the stage as drawings: numbers for an SVG, in its own units. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.figure import time_ticks
from agent.report.words import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.view.plots import Series
    from agent.view.stagemap import FieldView

WIDTH, HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 26, 10, 24  # room for a label at each end
_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis with its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A series drawn: `dots` and `line` are SVG paths, `summary` says in words what they show."""

    name: str
    title: str
    note: str
    line: str
    dots: str
    crosses: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    floor: int = HEIGHT - _BOTTOM


def draw(series: Series, end_s: float, *, line: bool) -> Drawing | None:
    """A series over the run's time up to `end_s`; None without points."""
    if not series.points:
        return None
    values = [value for _, value in series.points]
    low, high = -_round_up(-min(0.0, *values)), _round_up(max(values)) or 1.0
    if series.unit == "percent":
        low, high = 0.0, 100.0  # 0.1 % shall not fill the drawing
    end_s = max(end_s, series.points[-1][0], 1.0)

    def x(time_s: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * max(0.0, min(1.0, time_s / end_s)), 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low or 1.0)
        return round(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * share, 1)

    places = [(x(t), y(v)) for t, v in series.points]
    note = series.unit + (f"; one of {series.every} looks" if series.every > 1 else "")
    if series.bad:
        note += "; crosses: autofocus failed"
    return Drawing(
        name=series.name,
        title=series.title,
        note=note,
        line=_path(places) if line and len(places) > 1 else "",
        dots="".join(f"M{px} {py}h0" for px, py in places),
        crosses="".join(f"M{x(t) - 3} {_TOP}l6 6m0 -6l-6 6" for t, _ in series.bad),
        x_ticks=tuple(Tick(x(t), label) for t, label in time_ticks(end_s, 6)),
        y_ticks=tuple(Tick(y(v), figure(v)) for v in (low, (low + high) / 2, high)),
        summary=(
            f"{len(values)} points, lowest {figure(min(values))}, highest {figure(max(values))},"
            f" last {figure(values[-1])}"
        ),
    )


def _round_up(value: float) -> float:
    """The next number that is easily read, and halved; 0 for none."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return power * next(step for step in _ROUND if value <= step * power * (1 + 1e-9))


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a field: `share` of the widest, 0 to 100."""

    name: str
    value: str
    share: float


def bars(values: Sequence[tuple[str, float]], most: int = 48) -> tuple[Bar, ...]:
    """The largest values in their own order."""
    top = max((value for _, value in values), default=0.0) or 1.0
    kept = set(sorted(range(len(values)), key=lambda i: -values[i][1])[:most])
    return tuple(
        Bar(name, figure(value), round(100 * value / top, 1))
        for i, (name, value) in enumerate(values)
        if i in kept
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A field on the map: the middle of its square."""

    field: FieldView
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class StageDrawing:
    """The stage as a drawing: `edge` is the side of a field's square; y grows downward."""

    fields: tuple[Placed, ...]
    width: float
    height: float
    edge: float
    extent: str


def draw_stage(fields: Sequence[FieldView], width: float = 400.0) -> StageDrawing | None:
    """Squares that do not overlap, in the proportions of the stage; None without fields."""
    if not fields:
        return None
    xs, ys = [f.x_um for f in fields], [f.y_um for f in fields]
    gap_um = _nearest(list(zip(xs, ys, strict=True)))
    wide_um, high_um = max(xs) - min(xs) + gap_um, max(ys) - min(ys) + gap_um
    scale = min(width / wide_um, 1.2 * width / high_um)
    edge = max(4.0, min(0.82 * gap_um * scale, 72.0))
    pad = max(edge / 2 + 4, 0.5 * (width - (max(xs) - min(xs)) * scale))
    placed = tuple(
        Placed(
            f,
            round(pad + (f.x_um - min(xs)) * scale, 1),
            round(edge / 2 + 4 + (f.y_um - min(ys)) * scale, 1),
        )
        for f in fields
    )
    return StageDrawing(
        placed,
        width=round(max(width, max(p.x for p in placed) + edge / 2 + 4), 1),
        height=round(max(p.y for p in placed) + edge / 2 + 4, 1),
        edge=round(edge, 1),
        extent=f"{max(xs) - min(xs):,.0f} × {max(ys) - min(ys):,.0f} µm",
    )


def _nearest(places: list[tuple[float, float]]) -> float:
    """The smallest distance (the larger of dx and dy) between two fields, in um."""
    ordered = sorted(set(places))
    if len(ordered) > 600:
        ordered = ordered[:: len(ordered) // 600 + 1]
    found = min(
        (
            max(abs(ax - bx), abs(ay - by))
            for i, (ax, ay) in enumerate(ordered)
            for bx, by in ordered[i + 1 :]
        ),
        default=100.0,
    )
    extent = max(
        max(x for x, _ in ordered) - ordered[0][0],
        max(y for _, y in ordered) - min(y for _, y in ordered),
    )
    return max(found, 0.012 * extent, 1.0)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)
