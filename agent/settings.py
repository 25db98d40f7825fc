"""A plan's settings in the words of the parts that are set up by them. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.expand import channels, due_times, z_slices
from hardware.autofocus import Sweep
from hardware.focusing import FocusSettings, OnFocusFailure
from hardware.gate import LightBudget
from hardware.store import ImageLayout
from policies.registry import make_policy
from policies.watch_parameters import WatchParameters

if TYPE_CHECKING:
    from agent.plan import Plan
    from policies.policy import Policy


def image_layout(
    plan: Plan, image_format: tuple[int, int, str], pixel_size_um: float
) -> ImageLayout:
    """What all images of the run have in common; `image_format` is height, width and dtype.

    Raises StoreError where it cannot be stored.
    """
    height, width, dtype = image_format
    times = due_times(plan)
    planes = list(plan.baseline.z_plan or ())
    return ImageLayout(
        channels=channels(plan),
        n_z=z_slices(plan),
        z_step_um=abs(planes[1] - planes[0]) if len(planes) > 1 else None,
        height=height,
        width=width,
        dtype=dtype,
        pixel_size_um=pixel_size_um,
        interval_s=times[1] - times[0] if len(times) > 1 else None,
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
    """The plan's policy with its parameters."""
    decide = plan.decide
    if decide.policy == "fixed":
        return make_policy("fixed")
    given = decide.model_dump(exclude={"policy"})
    return make_policy("watch", WatchParameters(refocus=plan.autofocus is not None, **given))


def end_s(plan: Plan) -> float:
    """Run time after which nothing new begins: one interval past the last round."""
    times = due_times(plan)
    interval_s = times[-1] - times[-2] if len(times) > 1 else plan.reaction.duration_s
    return times[-1] + interval_s
