"""Simulated fields swept through focus: the same cells at stage heights spread evenly.

The frames of a run (`agent.bench.judge.fields`) are in focus for the most part, and among those
ranks say little. A sweep asks instead whether the blur that is told grows with the distance from
focus, near and far.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agent.bench.judge.fields import STRATA, USUAL
from agent.bench.judge.lookers import ClassicalLook, MllmLook, classical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from sim.render import Shot
    from sim.variety import Setup, Variety

REACH_UM, STEPS = 12.0, 25
FIELDS = 6  # of every variety
LEAST_PER_MM2 = 200.0  # a field without a nucleus has no relative blur
VARIETIES: dict[str, Variety] = {
    name: replace(variety, density_per_mm2=(LEAST_PER_MM2, variety.density_per_mm2[1]))
    for name, variety in {
        "usual": USUAL,
        **{name: STRATA[name] for name in ("low signal", "debris-rich", "many bright dead cells")},
    }.items()
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One frame: (h, w) uint16, edge of a pixel, stage less focus, and the blur that gives."""

    pixels: NDArray[np.uint16]
    pixel_um: float
    defocus_um: float
    relative_blur: float


@dataclass(frozen=True, slots=True)
class Swept:
    """One frame of a sweep of a variety, and what both judges say."""

    variety: str
    relative_blur: float
    mllm: MllmLook
    classical: ClassicalLook


def look_at_sweeps(bench: Bench) -> list[Swept]:
    """`FIELDS` of every variety, each at all heights."""
    from sim.hashing import key_of

    count = bench.count(FIELDS)
    bench.say(f"{count * len(VARIETIES)} simulated fields, swept through focus")
    return [
        Swept(
            variety=name,
            relative_blur=one.relative_blur,
            mllm=bench.mllm.look(one.pixels, one.pixel_um),
            classical=classical(one.pixels, one.pixel_um),
        )
        for kind, (name, variety) in enumerate(VARIETIES.items())
        for number in range(count)
        for one in sweep(key_of(bench.seed, kind, number, 93) >> 1, variety, heights())
    ]


def heights(reach_um: float = REACH_UM, steps: int = STEPS) -> tuple[float, ...]:
    """Stage heights above focus, um, evenly from one end to the other."""
    return tuple(float(z) for z in np.linspace(-reach_um, reach_um, steps))


def sweep(seed: int, variety: Variety, heights_um: Sequence[float]) -> Iterator[Slice]:
    """One field at these heights; none where no nucleus is in view."""
    from agent.bricks import relative_blur
    from policies.mllm.bricks.targets import typical_radius
    from sim.faults import Faults
    from sim.outlines import outlines
    from sim.render import Renderer
    from sim.stamps import Stamps
    from sim.variety import PIXEL_UM, draw
    from sim.world import World

    setup = draw(np.random.Generator(np.random.Philox(seed)), variety)
    um = PIXEL_UM[setup.objective]
    size = (variety.width * um, variety.height * um)
    stamps = Stamps()
    world = World(setup.scenario, seed, {setup.objective: size})
    renderer = Renderer(world, seed, Faults(setup.scenario.faults, seed), stamps)
    rect, seen = renderer.view(_shot(setup, 0.0))
    shows = setup.scenario.stain(setup.channel).shows
    labels, _ = outlines(seen, rect, setup.time_s, um, shows, stamps)
    radius = typical_radius(labels)
    if not radius:
        return
    for z in heights_um:
        shot = _shot(setup, z)
        pixels = np.empty((variety.height, variety.width), np.uint16)
        renderer.render(shot, pixels)
        away = renderer.defocus_um(shot)
        blur = relative_blur(away, setup.objective, radius * um)
        yield Slice(pixels, um, away, blur)


def _shot(setup: Setup, defocus_um: float) -> Shot:
    """The exposure, in the middle of the sample, that much above focus."""
    from sim.render import Shot
    from sim.variety import PIXEL_UM

    scenario = setup.scenario
    return Shot(
        time_s=setup.time_s,
        x_um=0.0,
        y_um=0.0,
        z_um=scenario.focus.plane_um + defocus_um,
        channel=setup.channel,
        exposure_ms=setup.exposure_ms,
        irradiance_w_cm2=setup.irradiance_w_cm2,
        na=scenario.optics.objectives[setup.objective].na,
        pixel_um=PIXEL_UM[setup.objective],
    )
