"""Numbers written by hand in docs/ are those of the files and models that they describe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.estimate import light
from agent.expand import event_templates, fields
from agent.load import load_microscope, load_plan
from agent.plan import WatchConfig
from hardware.data import VisitKind
from sim.scenario import Optics, Stain

DOCS = Path(__file__).parents[2] / "docs"
PRESETS = ("DAPI", "FITC", "brightfield")  # the columns of the table; the last is any other preset


def stain(preset: str) -> Stain:
    optics = Optics()
    return optics.channels.get(preset, optics.other_channels)


@pytest.mark.parametrize("key", list(Stain.model_fields))
def test_the_table_of_stains_has_the_models_values(key: str) -> None:
    page = (DOCS / "simulator.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `{key}` \| [^|]*\| ([^|]*) \| ([^|]*) \| ([^|]*) \|", page, re.M)
    values = [getattr(stain(preset), key) for preset in PRESETS]
    wanted = tuple(value if isinstance(value, str) else f"{value:.9g}" for value in values)
    assert wanted in rows


def test_objectives_have_the_apertures_that_the_page_says() -> None:
    page = (DOCS / "simulator.md").read_text(encoding="utf-8")
    (ten, *more) = [f"{name} {{}} {o.na:g}" for name, o in Optics().objectives.items()]
    said = ", ".join([ten.format("has `na`"), *(one.format("").replace("  ", " ") for one in more)])
    assert said in " ".join(page.split())


def test_the_walk_through_mitosis_watch_says_what_the_plan_says() -> None:
    page = " ".join((DOCS / "plans.md").read_text(encoding="utf-8").split())
    plan, config = load_plan("mitosis_watch").plan, load_microscope("demo").config
    watch, reaction, focus = plan.decide, plan.reaction, plan.autofocus
    assert isinstance(watch, WatchConfig)
    assert focus is not None
    first = fields(plan)[0]
    visit, burst = (
        light(event_templates(plan, first, kind), config, "20X").j_cm2
        for kind in (VisitKind.BASELINE, VisitKind.REACTION)
    )
    assert visit is not None
    assert burst == pytest.approx(2 * visit)  # "twice the exposure and costs twice that"
    assert len(fields(plan)) == 9
    for said in (
        f"look at {watch.enter:g} or more",
        f"again after {watch.confirm_after_s:g} s",
        f"`confirm: {list(watch.confirm)}`",
        f"are below {watch.leave:g}",
        f"not before {watch.min_dwell_s:g} s",
        f"baseline for {watch.rearm_after_s:g} s",
        f"one visit every {reaction.interval_s:g} s, for {reaction.duration_s:g} s at most",
        f"Then {focus.range_um:g} um are searched in steps of {focus.coarse_step_um:g} um",
        f"in steps of {focus.fine_step_um:g} um",
        f"dose_per_fov_j_cm2: {plan.budget.dose_per_fov_j_cm2:g}",
        f"= {visit:.4f} J/cm2",
    ):
        assert said in page, said
