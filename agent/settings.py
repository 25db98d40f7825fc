"""A plan's settings in the words of the parts that are set up by them. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.expand import burst_series, channels, due_times, fields, planes, turns
from hardware.autofocus import Sweep
from hardware.focusing import FocusSettings, OnFocusFailure
from hardware.gate import LightBudget
from hardware.store import ImageLayout
from policies.registry import make_policy
from policies.search import SearchParameters
from policies.stop import StopParameters
from policies.watch_parameters import WatchParameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.plan import Plan
    from policies.policy import Policy


def image_layouts(
    plan: Plan,
    image_format: tuple[int, int, str],
    home: str,
    pixel_size_um: Callable[[str], float],
) -> tuple[ImageLayout, dict[str, ImageLayout]]:
    """What the images of a run look like, and those of its series that differ.

    `image_format` is height, width and dtype; `home` the objective of the baseline;
    `pixel_size_um` tells the pixel size with an objective ("": the one in place). Raises
    StoreError where it cannot be stored.
    """
    times = due_times(plan)
    interval_s = times[1] - times[0] if len(times) > 1 else None
    here, other = (home, plan.reaction.objective or "") if turns(plan, home) else ("", "")
    base = _layout(plan, image_format, pixel_size_um(here), planes(plan), interval_s)
    series = burst_series(plan, home)
    if not series:
        return base, {}
    stack, interval_s = planes(plan, reaction=True), plan.reaction.interval_s
    return base, {series: _layout(plan, image_format, pixel_size_um(other), stack, interval_s)}


def _layout(
    plan: Plan,
    image_format: tuple[int, int, str],
    pixel_size_um: float,
    stack: tuple[float, ...],
    interval_s: float | None,
) -> ImageLayout:
    height, width, dtype = image_format
    return ImageLayout(
        channels=channels(plan),
        n_z=len(stack),
        z_step_um=abs(stack[1] - stack[0]) or None if len(stack) > 1 else None,
        height=height,
        width=width,
        dtype=dtype,
        pixel_size_um=pixel_size_um,
        interval_s=interval_s,
    )


def light_budget(plan: Plan) -> LightBudget:
    """What the gate holds every exposure against."""
    budget = plan.budget
    return LightBudget(
        dose_per_fov_j_cm2=budget.dose_per_fov_j_cm2,
        exposure_per_fov_s=budget.exposure_per_fov_s,
        total_dose_j_cm2=budget.total_dose_j_cm2,
    )


def disk_budget_bytes(plan: Plan) -> int | None:
    """What the run may take on disk; None for no limit."""
    gb = plan.budget.disk_gb
    return None if gb is None else int(gb * 1e9)


def focus_settings(plan: Plan) -> FocusSettings | None:
    """The plan's autofocus; None where it has none."""
    focus = plan.autofocus
    if focus is None:
        return None
    return FocusSettings(
        channel=focus.channel,
        exposure_ms=focus.exposure_ms,
        sweep=Sweep(focus.range_um, focus.coarse_step_um, focus.fine_step_um),
        retries=focus.retries,
        on_failure=OnFocusFailure(focus.on_failure),
    )


def policy(plan: Plan) -> Policy:
    """The plan's policy with its parameters; what searches and what stops goes round it."""
    decide, names = plan.decide, tuple(fov.name for fov in fields(plan))
    watch = None
    if decide.policy == "watch":
        watch = WatchParameters(
            refocus=plan.autofocus is not None,
            repeat=plan.reaction.repeat,
            follow=plan.reaction.follow,
            max_events=plan.stop.after_events,
            **decide.model_dump(exclude={"policy"}),
        )
    search = None
    if plan.search is not None:
        search = SearchParameters(
            fields=names,
            target=target(plan),
            **plan.search.model_dump(exclude_none=True, exclude={"target"}),
        )
    wanted = plan.stop.model_dump(exclude_none=True)
    stop = StopParameters(fields=names, **wanted) if wanted else None
    return make_policy(decide.policy, watch, search=search, stop=stop)


def target(plan: Plan) -> str:
    """What the judge is asked for; "" where the plan looks for nothing."""
    if plan.decide.policy == "watch":
        return plan.decide.target
    return plan.search.target or "" if plan.search is not None else ""


def end_s(plan: Plan) -> float:
    """Run time after which nothing new begins: one interval past the last round."""
    times = due_times(plan)
    interval_s = times[-1] - times[-2] if len(times) > 1 else plan.reaction.duration_s
    return times[-1] + interval_s
