"""Study pictures: labelled frames of ever different samples, to train and measure judges with.

No devices are involved and nothing is remembered: picture n of a seed is the same in every stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.cells import Phase
from sim.faults import FaultKind, Faults
from sim.hashing import key_of
from sim.outlines import outlines
from sim.render import Renderer, Shot
from sim.stamps import Stamps
from sim.variety import PIXEL_UM, Setup, Variety, draw
from sim.world import Rect, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray


_CELLS = 60  # among so many a cell to aim at is looked for
_MOST_UM = 900.0  # but no farther
_MARGIN_UM = 8.0  # from the border, of the cell that is aimed at
_USUAL = Variety()


@dataclass(frozen=True, slots=True)
class StudyObject:
    """One cell, chromatin mass or speck in view.

    `row`, `column`: its middle in pixel edges, (0.5, 0.5) being the first pixel's centre.
    `phase`: "interphase", "prophase", "metaphase", "anaphase", "telophase", "dead" or "debris".
    `label`: its id in the picture's `labels`, 0 if it is not there (debris never is).
    `area_um2`: of what is in view.
    """

    row: float
    column: float
    phase: str
    label: int
    area_um2: float


@dataclass(frozen=True, slots=True)
class StudyPicture:
    """A picture and the truth about it.

    Attributes
    ----------
    pixels : (height, width) uint16, camera counts.
    labels : (height, width) uint16, instance ids 1, 2, ... without gaps; 0 is background. In
        focus, whatever the picture is. Chromatin: nuclei, both masses of a late division apart.
        Other channels: whole cells.
    objects : what is in view. Both masses of a late division are listed, each with its phase.
    pixel_um, channel, objective : as the microscope would report them.
    defocus_um : stage z minus focal plane.
    bubble : whether an air bubble crosses the picture.
    seed : of this picture's sample.
    scenario : the variety's name.
    exposure_ms, irradiance_w_cm2 : the light.
    """

    pixels: NDArray[np.uint16]
    labels: NDArray[np.uint16]
    objects: tuple[StudyObject, ...]
    pixel_um: float
    channel: str
    objective: str
    defocus_um: float
    bubble: bool
    seed: int
    scenario: str
    exposure_ms: float
    irradiance_w_cm2: float


def study_pictures(seed: int, count: int, *, variety: Variety = _USUAL) -> Iterator[StudyPicture]:
    """`count` pictures, one after the other. Picture n depends on seed, n and variety alone."""
    stamps = Stamps()
    for number in range(count):
        yield _picture(key_of(seed, number, 92) >> 1, variety, stamps)


def _picture(seed: int, variety: Variety, stamps: Stamps) -> StudyPicture:
    rng = np.random.Generator(np.random.Philox(seed))
    setup = draw(rng, variety)
    scenario, pixel_um = setup.scenario, PIXEL_UM[setup.objective]
    field = (variety.width * pixel_um, variety.height * pixel_um)
    world = World(scenario, seed, {setup.objective: field})
    x, y = _place(rng, world, setup)
    shot = Shot(
        time_s=setup.time_s,
        x_um=x,
        y_um=y,
        z_um=scenario.focus.plane_um + setup.defocus_um,
        channel=setup.channel,
        exposure_ms=setup.exposure_ms,
        irradiance_w_cm2=setup.irradiance_w_cm2,
        na=scenario.optics.objectives[setup.objective].na,
        pixel_um=pixel_um,
    )
    faults = Faults(scenario.faults, seed)
    renderer = Renderer(world, seed, faults, stamps)
    pixels = np.empty((variety.height, variety.width), np.uint16)
    renderer.render(shot, pixels)
    rect, seen = renderer.view(shot)
    shows = scenario.stain(setup.channel).shows
    labels, things = outlines(seen, rect, setup.time_s, pixel_um, shows, stamps)
    return StudyPicture(
        pixels=pixels,
        labels=labels,
        objects=tuple(
            StudyObject(one.row, one.column, one.phase.name.lower(), one.label, one.area_um2)
            for one in things
        ),
        pixel_um=pixel_um,
        channel=setup.channel,
        objective=setup.objective,
        defocus_um=renderer.defocus_um(shot),
        bubble=faults.at(FaultKind.BUBBLE, setup.time_s) is not None,
        seed=seed,
        scenario=scenario.name,
        exposure_ms=setup.exposure_ms,
        irradiance_w_cm2=setup.irradiance_w_cm2,
    )


def _place(rng: Generator, world: World, setup: Setup) -> tuple[float, float]:
    """Where to point the field (um): a cell in the wanted phase somewhere in it, if one is near."""
    width, height = world.field_um(setup.objective)
    spread = rng.uniform(-0.5, 0.5, 2) * (
        max(width - 2 * _MARGIN_UM, 0.0),
        max(height - 2 * _MARGIN_UM, 0.0),
    )
    die = rng.random()
    if setup.aim is None:
        return float(spread[0]), float(spread[1])
    density = max(world.scenario.specimen.density_per_mm2, 1.0)
    side = min(1e3 * (_CELLS / density) ** 0.5, _MOST_UM)
    found = _aims(world, Rect.around(0.0, 0.0, side, side), setup.time_s, setup.aim)
    if not len(found):
        return float(spread[0]), float(spread[1])
    x, y = found[int(die * len(found))]
    return float(x + spread[0]), float(y + spread[1])


def _aims(world: World, rect: Rect, time_s: float, phase: Phase) -> NDArray[np.float64]:
    """Places (n, 2) in um of the cells in a phase; if there are none, of all late divisions."""
    seen = world.look(rect, time_s)
    mine = seen.phase == phase
    if not mine.any() and phase is not Phase.PROPHASE:
        mine = (seen.phase >= Phase.METAPHASE) & (seen.phase <= Phase.TELOPHASE)
    return np.stack([seen.x[mine], seen.y[mine]], axis=1)
