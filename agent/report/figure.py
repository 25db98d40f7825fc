"""Matplotlib figures as inline SVG that follows the page's colours, light and dark.

Figures are drawn in stand-in colours; in the SVG each becomes a CSS variable of the page.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = (
    "ink", "muted", "grid", "surface", "baseline", "burst", "revisit", "focus", "retry", "bad",
    "accent",
)  # fmt: skip
_STAND_IN = {name: f"#0{number:x}0{number:x}0{number:x}" for number, name in enumerate(_NAMES, 1)}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,  # names of fields are text, not formulas
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "path.simplify_threshold": 0.3,
}
_UNITS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
_STEPS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 24, 30, 48, 72, 96, 168)  # between two labels
_LOCK = threading.Lock()  # the style is matplotlib's global state
_ID = re.compile(r'\bid="([^"]*)"')
_REFERENCE = re.compile(r'(xlink:href="#|url\(#)([^")]*)')
_HEAD = re.compile(r"^.*?(?=<svg)|<!--.*?-->|<style.*?</style>|<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')


def colour(name: str) -> str:
    """The stand-in for one of the page's colours."""
    return _STAND_IN[name]


@contextmanager
def canvas(width_in: float, height_in: float) -> Iterator[Figure]:
    """A new figure, drawn and saved in the report's style; one at a time in a process."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with _LOCK, mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # glyphs that the measuring font lacks: the browser has them
        yield Figure(figsize=(width_in, height_in), facecolor="none")


def plain(axes: Axes, *, grid: str = "") -> None:
    """Take away what is not data; `grid` is "x", "y" or ""."""
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(colour("grid"))
    axes.tick_params(length=0, colors=colour("muted"), labelsize=8.5, pad=3)
    axes.tick_params(axis="x", pad=6)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis="x" if grid == "x" else "y", color=colour("grid"), linewidth=0.7)


def time_ticks(last_s: float, most: int) -> list[tuple[float, str]]:
    """Run times to label on an axis, at most so many steps: whole hours, or minutes, or seconds."""
    unit, name = next((u for u in _UNITS if last_s > 1.5 * u[0]), _UNITS[-1])
    step = next((s for s in _STEPS if last_s / unit <= s * most), last_s / unit / most)
    n = int(last_s / unit / step + 1e-6) + 1
    return [(i * step * unit, f"{i * step:g} {name}") for i in range(n)]


def run_time(axes: Axes, last_s: float) -> None:
    """Make x an axis in run time."""
    axes.set_xlim(0, max(last_s, 1.0))
    ticks = time_ticks(max(last_s, 1.0), 8)
    axes.set_xticks([time_s for time_s, _ in ticks], [label for _, label in ticks])


def svg(figure: Figure, name: str, label: str) -> str:
    """Render as one `<svg>` element; `label` is read aloud in its place."""
    from html import escape

    buffer = io.StringIO()
    empty = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=empty, transparent=True)
    text = _HEAD.sub("", buffer.getvalue())
    referred = {match[1] for match in _REFERENCE.findall(text)}
    text = _ID.sub(lambda m: f'id="{name}-{m[1]}"' if m[1] in referred else "", text)
    text = _REFERENCE.sub(rf"\g<1>{name}-\g<2>", text)
    for page_name, stand_in in _STAND_IN.items():
        text = text.replace(stand_in, f"var(--{page_name})")
    text = text.replace("'DejaVu Sans'", "system-ui, sans-serif")
    opening = f'<svg class="plot" role="img" aria-label="{escape(label)}" viewBox="0 0 '
    return _SIZE.sub(lambda match: f'{opening}{match[1]} {match[2]}">', text, count=1)
