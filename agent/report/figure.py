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
    "accent", "on-accent",
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
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis="x" if grid == "x" else "y", color=colour("grid"), linewidth=0.7)


def hours(axes: Axes, last_s: float) -> None:
    """An x axis in run time: hours, or minutes for a short run."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    unit, name = (3600.0, "h") if last_s > 5400 else (60.0, "min")
    axes.set_xlim(0, max(last_s, 1.0))
    step = next((s for s in (0.5, 1, 2, 3, 4, 6, 12, 24) if last_s / unit / s <= 8), None)
    in_hours = step is not None and name == "h"
    axes.xaxis.set_major_locator(
        MultipleLocator((step or 1) * unit) if in_hours else MaxNLocator(6, integer=True)
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / unit:g} {name}"))


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
