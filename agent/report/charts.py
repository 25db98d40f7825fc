"""Which plots the page has, with their titles, keys and captions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.panels import MOST_PANELS, Series, panels
from agent.report.places import dose_bars, stage_map
from agent.report.plots import MOST_ROWS, timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.report.light import Light
    from agent.report.planfacts import PlanFacts
    from agent.report.record import Look, Record

_BURST = ("burst", "burst")
_FOCUS = (("focus", "autofocus found focus (triangle)"), ("bad", "autofocus failed (cross)"))


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot. `key` has (page colour, meaning)."""

    title: str
    svg: str
    caption: str
    key: tuple[tuple[str, str], ...] = ()
    narrow: bool = False


def charts_of(record: Record, light: Light, plan: PlanFacts) -> tuple[Chart, ...]:
    """All plots that this run has data for."""
    charts = [
        Chart(
            "Timeline",
            timeline(record) if record.fields and record.visits else "",
            "Each stroke is a visit. Shaded: a burst.",
            (
                ("baseline", "baseline visit"),
                ("burst", "burst and its visits"),
                ("revisit", "second look"),
                *_FOCUS,
                ("bad", "visit skipped or dropped (stroke)"),
            ),
        ),
        *_over_time(record, plan),
        Chart(
            "Stage map",
            stage_map(record, light),
            f"Light per field ({light.unit}), a stronger colour is more;"
            " y grows downward, as in the images.",
            (("accent", "light received"), ("burst", "field with bursts (frame)")),
            narrow=True,
        ),
        Chart(
            "Light per field",
            dose_bars(record, light),
            "Every exposure counts, also those of focus sweeps, retries and lost images."
            " Fixed plan: every field at the reaction's interval for the whole run.",
            (
                ("baseline", "baseline"),
                _BURST,
                ("revisit", "second looks"),
                ("focus", "focus"),
                ("retry", "search and retries"),
            ),
            narrow=True,
        ),
    ]
    return tuple(chart for chart in charts if chart.svg)


def fields_note(record: Record) -> str:
    """Said when there are more fields than the plots hold."""
    n = len(record.fields)
    if n <= MOST_PANELS:
        return ""
    return (
        f"Of {n:,} fields, the timeline shows at most {MOST_ROWS} and the plots over time"
        f" {MOST_PANELS}: those with most bursts and visits."
    )


def _over_time(record: Record, plan: PlanFacts) -> list[Chart]:
    marks: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for run in record.focus:
        marks[run.fov].append((run.time_s, bool(run.ok)))
    target = plan.target or "the target"
    thresholds = tuple(x for x in (plan.enter, plan.leave) if x is not None)
    shaded = "Shaded: burst."
    return [
        Chart(
            f"Probability of {target}",
            panels(record, Series("p", f"Probability of {target}", _values(record, _p), 1.05,
                                  thresholds)),
            f"{shaded} Dashed: where a burst may start and end." if thresholds else shaded,
            (("accent", "probability"), _BURST),
        ),
        Chart(
            "Objects",
            panels(record, Series("count", "Objects", _values(record, _count))),
            f"Objects counted in each look. {shaded}",
            (("accent", "objects"), _BURST),
        ),
        Chart(
            "Confluence",
            panels(record, Series("confluence", "Confluence in percent",
                                  _values(record, _confluence))),
            f"Covered share of the field in percent. {shaded}",
            (("accent", "confluence (%)"), _BURST),
        ),
        Chart(
            "Focus",
            panels(record, Series("focus", "Focus score", _values(record, _focus), marks=marks)),
            f"The judge's own sharpness measure, higher is sharper. {shaded}",
            (("accent", "focus score"), *_FOCUS, _BURST),
        ),
    ]  # fmt: skip


def _values(
    record: Record, value: Callable[[Look], float | None]
) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for look in record.looks:
        number = value(look)
        if number is not None:
            found[look.fov].append((look.time_s, number))
    return found


def _p(look: Look) -> float | None:
    return look.p_target


def _count(look: Look) -> float | None:
    return look.count


def _confluence(look: Look) -> float | None:
    return None if look.confluence is None else 100 * look.confluence


def _focus(look: Look) -> float | None:
    return None if look.state in {"failed", "unjudged"} else look.focus_score
