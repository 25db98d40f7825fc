"""How varied study pictures are, and the dice that set up one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.cells import Phase
from sim.faults import Fault, FaultKind
from sim.optics import electrons_per_unit
from sim.scenario import Camera, Focus, Mitosis, Optics, Scenario, Specimen, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.random import Generator

Span = tuple[float, float]
PIXEL_UM = {"10X": 1.0, "20X": 0.5, "40X": 0.25}  # of the demo configuration
# The demo microscope's lamp, W/cm2: for chromatin, and twice that for everything else.
_IRRADIANCE = {"10X": 0.01, "20X": 0.04, "40X": 0.15}
_EARLIEST_S, _LATEST_S = 200.0, 3600.0  # late enough for daughters to be among the cells
_BUBBLE_S = 100.0  # in which it crosses the field
_PHASE_MIN = 14.0  # every phase as long as the others, so that pictures of them are balanced
_BRIGHTFIELD = 8.0  # transmitted light has little contrast: so much more light for the same sight
_PROPHASES = 0.08  # share of pictures aimed at a prophase: what looks most like a division


@dataclass(frozen=True, slots=True)
class Variety:
    """The ranges from which study pictures are drawn; a pair is (lowest, highest).

    Attributes
    ----------
    name : of the scenario; ends up in every picture.
    height, width : of the picture, pixels.
    objectives, channels : (preset, weight). Channels other than DAPI and FITC are transmitted.
    density_per_mm2 : cells; a packed sheet has about 750, so that more than that is one.
    clumping, dead, debris_per_mm2 : as in a scenario's specimen.
    dividing : share of pictures aimed at a cell in metaphase, anaphase or telophase. A few others
        have one by chance; with 0 no cell divides at all.
    signal_e : electrons per pixel of a resting nucleus (log uniform).
    background : share of that, everywhere. vignetting: as in a scenario's optics.
    sharp : share of pictures within +-`sharp_um` of focus at NA 0.5 (scaled with the depth of
        field); the rest lies within +-`far_um`.
    bubble : share of pictures with an air bubble.
    """

    name: str = "study"
    height: int = 256
    width: int = 256
    objectives: tuple[tuple[str, float], ...] = (("10X", 0.15), ("20X", 0.65), ("40X", 0.2))
    channels: tuple[tuple[str, float], ...] = (("DAPI", 0.85), ("FITC", 0.1), ("transmitted", 0.05))
    density_per_mm2: Span = (40.0, 900.0)
    clumping: Span = (0.0, 0.5)
    dead: Span = (0.0, 0.06)
    debris_per_mm2: Span = (0.0, 120.0)
    dividing: float = 0.54
    signal_e: Span = (8.0, 2500.0)
    background: Span = (0.02, 0.12)
    vignetting: Span = (0.0, 0.6)
    sharp: float = 0.55
    sharp_um: float = 0.8
    far_um: float = 12.0
    bubble: float = 0.08


@dataclass(frozen=True, slots=True)
class Setup:
    """One picture before it is taken. `aim`: put a cell in this phase into view, if there is one.

    `time_s`: of the world. `defocus_um`: stage z minus focal plane.
    """

    scenario: Scenario
    objective: str
    channel: str
    time_s: float
    defocus_um: float
    exposure_ms: float
    irradiance_w_cm2: float
    aim: Phase | None


def draw(rng: Generator, variety: Variety) -> Setup:
    """Roll the dice for one picture."""
    objective = _pick(rng, variety.objectives)
    channel = _pick(rng, variety.channels)
    aim = _aim(rng, variety)
    time_s = float(rng.uniform(_EARLIEST_S, _LATEST_S))
    scenario = _scenario(rng, variety, objective, time_s, busy=aim is not None)
    exposure_ms, irradiance = _light(rng, variety, scenario, objective, channel)
    return Setup(
        scenario=scenario,
        objective=objective,
        channel=channel,
        time_s=time_s,
        defocus_um=_defocus(rng, variety, scenario.optics.objectives[objective].na),
        exposure_ms=exposure_ms,
        irradiance_w_cm2=irradiance,
        aim=aim,
    )


def _aim(rng: Generator, variety: Variety) -> Phase | None:
    die = rng.random()
    wanted = (Phase.METAPHASE, Phase.ANAPHASE, Phase.TELOPHASE)[int(rng.integers(3))]
    if die < variety.dividing:
        return wanted
    rest = (die - variety.dividing) / (1 - variety.dividing)
    return Phase.PROPHASE if variety.dividing > 0 and rest < 2 * _PROPHASES else None


def _scenario(
    rng: Generator, variety: Variety, objective: str, time_s: float, *, busy: bool
) -> Scenario:
    dead = _uniform(rng, variety.dead)
    specimen = Specimen(
        density_per_mm2=_uniform(rng, variety.density_per_mm2),
        clumping=_uniform(rng, variety.clumping),
        cycling=float(rng.uniform(0.5, 1.0)) if busy else 0.25 * (variety.dividing > 0),
        cycle_h=_log_uniform(rng, (4.0, 20.0)) if busy else 20.0,
        mitosis=Mitosis(
            prophase_min=_PHASE_MIN,
            metaphase_min=_PHASE_MIN,
            anaphase_min=_PHASE_MIN,
            telophase_min=_PHASE_MIN,
        ),
        dead=dead,
        deaths_per_1000_cells_h=50 * dead,  # some of them just now
        debris_per_mm2=_uniform(rng, variety.debris_per_mm2),
    )
    plain = Optics()
    background = _uniform(rng, variety.background)
    optics = Optics(
        channels={
            name: stain.model_copy(update={"background": background})
            for name, stain in plain.channels.items()
        },
        vignetting=_uniform(rng, variety.vignetting),
    )
    return Scenario(
        name=variety.name,
        objective=objective,
        specimen=specimen,
        optics=optics,
        camera=Camera(height=variety.height, width=variety.width),
        # A level sample that stays put: the stage's z is the defocus, its place the truth.
        focus=Focus(tilt_x_um_per_mm=0, tilt_y_um_per_mm=0, drift_um_per_h=0, wander_um=0),
        stage=Stage(repeatability_um=0),
        faults=_bubble(rng, variety, time_s),
    )


def _bubble(rng: Generator, variety: Variety, time_s: float) -> tuple[Fault, ...]:
    die, way = rng.random(2)
    if die >= variety.bubble:
        return ()
    start = time_s - _BUBBLE_S * float(0.05 + 0.9 * way)
    return (Fault(kind=FaultKind.BUBBLE, from_s=start, to_s=start + _BUBBLE_S),)


def _light(
    rng: Generator, variety: Variety, scenario: Scenario, objective: str, channel: str
) -> tuple[float, float]:
    """(exposure in ms, irradiance in W/cm2) that give the signal that was drawn."""
    stain = scenario.stain(channel)
    signal = _log_uniform(rng, variety.signal_e)
    if stain.shows == "transmitted":
        signal *= _BRIGHTFIELD
    na = scenario.optics.objectives[objective].na
    dose = signal / electrons_per_unit(stain, 1.0, PIXEL_UM[objective], na)
    lamp = _IRRADIANCE[objective] * (1 if stain.shows == "chromatin" else 2)
    irradiance = lamp * _log_uniform(rng, (0.5, 2.0))
    return dose / irradiance, irradiance


def _defocus(rng: Generator, variety: Variety, na: float) -> float:
    reach = variety.far_um
    if rng.random() < variety.sharp:
        reach = min(variety.sharp_um * (0.5 / na) ** 2, reach)
    return float(rng.uniform(-reach, reach))


def _pick(rng: Generator, weighted: Iterable[tuple[str, float]]) -> str:
    names, weights = zip(*weighted, strict=True)
    edges = np.cumsum(weights)
    return str(names[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))])


def _uniform(rng: Generator, span: Span) -> float:
    return float(rng.uniform(*span))


def _log_uniform(rng: Generator, span: Span) -> float:
    """Log uniform; plainly uniform where the span begins at 0."""
    if span[0] <= 0:
        return _uniform(rng, span)
    return float(np.exp(rng.uniform(*np.log(span))))
