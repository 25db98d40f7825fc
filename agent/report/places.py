"""Plots of places and light: the stage map and the dose of each field."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from agent.report.figure import canvas, colour, plain, svg
from agent.report.light import USES
from agent.report.plots import WIDTH_IN, fields_to_show, margin, short
from agent.report.words import amount, figure

if TYPE_CHECKING:
    from agent.report.light import Light
    from agent.report.record import Record

MOST_BARS = 48
MOST_TILES = 600
HALF_IN = WIDTH_IN / 2
_COLOURS = dict(zip(USES, ("baseline", "burst", "revisit", "focus", "retry"), strict=True))


def stage_map(record: Record, light: Light) -> str:
    """Fields where they lie on the stage, darker with more light; bursts counted beside them."""
    from matplotlib.patches import Rectangle

    names = set(fields_to_show(record, MOST_TILES))
    fields = [field for field in record.fields if field.name in names]
    if not fields:
        return ""
    x = [field.x_um for field in fields]
    y = [field.y_um for field in fields]
    edge = _edge(x, y)
    wide, high = max(x) - min(x) + 1.6 * edge, max(y) - min(y) + 1.6 * edge
    inner_in = 0.86 * HALF_IN
    height_in = min(7.0, max(1.2, inner_in * high / wide)) + 0.5
    bursts = Counter(burst.fov for burst in record.bursts)
    most = max(light.per_field.values(), default=0.0) or 1.0
    with canvas(HALF_IN, height_in) as drawing:
        axes = drawing.add_axes((0.13, 0.42 / height_in, 0.86, 1 - 0.47 / height_in))
        plain(axes)
        axes.set_aspect("equal")
        axes.set_xlim(min(x) - 0.8 * edge, max(x) + 0.8 * edge)
        axes.set_ylim(max(y) + 0.8 * edge, min(y) - 0.8 * edge)
        axes.locator_params(nbins=5)
        axes.set_xlabel("stage x (µm)", color=colour("muted"), fontsize=8.5)
        axes.set_ylabel("stage y (µm)", color=colour("muted"), fontsize=8.5)
        points = 72 * inner_in * edge / wide  # size of a tile on paper
        for field in fields:
            share = light.per_field.get(field.name, 0.0) / most
            corner = (field.x_um - edge / 2, field.y_um - edge / 2)
            axes.add_patch(
                Rectangle(corner, edge, edge, fc=colour("accent"), alpha=0.06 + 0.42 * share, lw=0)
            )
            n = bursts[field.name]
            ring = colour("burst") if n else colour("grid")
            axes.add_patch(Rectangle(corner, edge, edge, fill=False, ec=ring, lw=2.2 if n else 0.8))
            if points < 26:
                continue
            style: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "color": colour("ink"),
                "clip_on": True,
            }
            axes.text(field.x_um, field.y_um - 0.17 * edge, field.name[:10], fontsize=9,
                      weight="bold", **style)  # fmt: skip
            dose = figure(light.per_field.get(field.name, 0.0))
            axes.text(field.x_um, field.y_um + 0.06 * edge, dose, fontsize=7.5, **style)
            if n:
                axes.text(field.x_um, field.y_um + 0.28 * edge, f"{n} burst{'s' * (n > 1)}",
                          fontsize=7.5, **style)  # fmt: skip
        return svg(drawing, "map", f"Stage map: {len(fields)} fields, shaded by {light.unit}")


def dose_bars(record: Record, light: Light) -> str:
    """Light of each field by use, with the budget and the fixed plan as lines."""
    shown = fields_to_show(record, MOST_BARS)
    if not light.total:
        return ""
    height = 0.75 + 0.25 * len(shown)
    with canvas(HALF_IN, height) as drawing:
        left_edge = 2 * margin(shown)
        axes = drawing.add_axes((left_edge, 0.42 / height, 0.97 - left_edge, 1 - 0.66 / height))
        plain(axes, grid="x")
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_yticks(range(len(shown)), [short(name) for name in shown])
        axes.tick_params(axis="y", colors=colour("ink"))
        left = [0.0] * len(shown)
        for use in USES:
            widths = [light.uses.get(fov, {}).get(use, 0.0) for fov in shown]
            if any(widths):
                axes.barh(range(len(shown)), widths, 0.66, left, color=colour(_COLOURS[use]),
                          edgecolor=colour("surface"), linewidth=0.6)  # fmt: skip
            left = [a + b for a, b in zip(left, widths, strict=True)]
        lines = (("budget", light.budget_per_field, "bad", "-"),
                 ("fixed plan", light.fixed_per_field, "muted", (0, (4, 3))))  # fmt: skip
        end = max([*left, *(value for _, value, _, _ in lines if value)])
        for label, value, name, dashes in lines:
            if value:
                axes.axvline(value, color=colour(name), lw=1.4, ls=dashes)
                axes.text(value, -0.72, f"{label} {amount(value, light.unit)}", va="bottom",
                          ha="right" if value > 0.5 * end else "left", color=colour(name),
                          fontsize=8.5)  # fmt: skip
        axes.set_xlim(0, end * 1.02)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"light per field ({light.unit})", color=colour("muted"), fontsize=8.5)
        return svg(drawing, "dose", f"Light of each field by use, in {light.unit}")


def _edge(x: list[float], y: list[float]) -> float:
    """The side of a tile in um: as large as the nearest two fields allow."""
    if len(x) < 2:
        return 100.0
    places = sorted(zip(x, y, strict=True))
    nearest = min(
        (
            max(abs(ax - bx), abs(ay - by))
            for i, (ax, ay) in enumerate(places)
            for bx, by in places[i + 1 :]
            if (ax, ay) != (bx, by)
        ),
        default=100.0,
    )
    extent = max(max(x) - min(x), max(y) - min(y))
    return max(0.86 * nearest, 0.02 * extent)
