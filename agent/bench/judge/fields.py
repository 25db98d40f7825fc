"""Fields with known mitoses, simulated and put together from real cells, seen by both judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agent.bench.judge.lookers import ClassicalLook, MllmLook, assumed_um, classical
from policies.mllm.concepts import CONCEPTS, PixelClass
from sim.variety import Variety

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from policies.mllm.bricks.brick import Brick
    from sim.study import StudyObject, StudyPicture

REACH_UM = 8.0  # a detection this near to a division is one
BORDER_UM = 6.0  # nearer to the border nobody is asked for a division
SISTERS_UM = 14.0  # masses of one late division are at most so far apart
DIVIDING = ("metaphase", "anaphase", "telophase")
LATE = ("anaphase", "telophase")
SIMULATED, MOSAICS, PER_STRATUM, PER_DEFOCUSED = 480, 40, 60, 120  # pictures
USUAL = Variety(channels=(("DAPI", 1.0),), bubble=0.0)
_SHARP = replace(USUAL, sharp=1.0, signal_e=(60.0, 2500.0))
STRATA: dict[str, Variety] = {
    "low signal": replace(_SHARP, signal_e=(8.0, 30.0)),
    "defocused": replace(_SHARP, sharp=0.0, far_um=6.0),  # of these only the soft ones are kept
    "debris-rich": replace(_SHARP, debris_per_mm2=(250.0, 500.0)),
    "many bright dead cells": replace(_SHARP, dead=(0.15, 0.3)),
}

Places = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really there. Places are (row, column) in pixel edges.

    Attributes
    ----------
    divisions : each with one place, or two once the chromosomes are apart.
    cut : dividing cells at the border, which nobody is asked for.
    prophases : look like a division to some, and are none here.
    resting : everything else that is a cell; known for mosaics only.
    reach_px : how near a detection has to be.
    """

    divisions: tuple[Places, ...]
    cut: Places
    prophases: Places
    resting: Places
    reach_px: float


@dataclass(frozen=True, slots=True)
class Field:
    """One picture, its truth, and what both judges say. `relative_blur`: None where unknown."""

    truth: Truth
    relative_blur: float | None
    mllm: MllmLook
    classical: ClassicalLook

    @property
    def present(self) -> bool | None:
        """Whether a division is in view; None where the only one is cut by the border."""
        return True if self.truth.divisions else (None if self.truth.cut else False)

    @property
    def prophase_only(self) -> bool:
        """No division, but a cell that is about to."""
        return not self.truth.divisions and bool(self.truth.prophases)


def look_at_fields(bench: Bench, name: str, variety: Variety, seed: int, usual: int) -> list[Field]:
    """Simulated pictures nobody trained on."""
    from agent.bricks import brick_of
    from sim.study import study_pictures

    count = bench.count(usual)
    bench.say(f"{count} simulated fields, {name}")
    found = []
    for number, picture in enumerate(study_pictures(seed, count, variety=variety)):
        brick = brick_of(picture, f"{seed}-{number}", "test")
        found.append(
            Field(
                truth=truth_of(picture),
                relative_blur=brick.relative_blur if brick.radius_px else None,
                mllm=bench.mllm.look(picture.pixels, picture.pixel_um),
                classical=classical(picture.pixels, picture.pixel_um),
            )
        )
    return found


def look_at_mosaics(bench: Bench) -> list[Field]:
    """Real single cells of a test split, a dozen a field; their pixel size is not known."""
    found = []
    for brick in mosaic_bricks(bench, bench.count(MOSAICS)):
        um = assumed_um(brick.radius_px)
        found.append(
            Field(
                truth=mosaic_truth(brick),
                relative_blur=None,
                mllm=bench.mllm.look(brick.image),
                classical=classical(brick.image, um),
            )
        )
    bench.say(f"{len(found)} mosaics of real cells")
    return found


def mosaic_bricks(bench: Bench, count: int) -> list[Brick]:
    """The first `count` mosaics of the test split; none without data."""
    from policies.mllm.bricks.mosaic import mosaics
    from policies.mllm.bricks.real import RealSet

    folder = bench.folder("ifc_cell_cycle")
    if folder is None:
        return []
    return list(mosaics(RealSet(folder, "crops"), ("test",), count, bench.rng(1)))


def truth_of(picture: StudyPicture) -> Truth:
    """Of a simulated picture."""
    height, width = picture.pixels.shape
    margin, sisters = BORDER_UM / picture.pixel_um, SISTERS_UM / picture.pixel_um
    inside, cut, prophases = [], [], []
    for thing in picture.objects:
        place = (thing.row, thing.column)
        if thing.phase == "prophase":
            prophases.append(place)
        if thing.phase not in DIVIDING:
            continue
        edge = min(thing.row, thing.column, height - thing.row, width - thing.column)
        if edge < margin:
            cut.append(place)
        else:
            inside.append(thing)
    return Truth(
        _divisions(inside, sisters), tuple(cut), tuple(prophases), (), REACH_UM / picture.pixel_um
    )


def _divisions(things: list[StudyObject], sisters_px: float) -> tuple[Places, ...]:
    """Both masses of a late division together: the nearest of the same phase within reach."""
    left, found = list(things), []
    while left:
        first = left.pop(0)
        own = [(first.row, first.column)]
        near = [
            (float(np.hypot(other.row - first.row, other.column - first.column)), n)
            for n, other in enumerate(left)
            if first.phase in LATE and other.phase == first.phase
        ]
        apart, sister = min(near, default=(np.inf, -1))
        if apart <= sisters_px:
            other = left.pop(sister)
            own.append((other.row, other.column))
        found.append(tuple(own))
    return tuple(found)


def mosaic_truth(brick: Brick) -> Truth:
    """Of a mosaic: every cell has a label and a phase; none is cut."""
    assert brick.labels is not None
    dividing, prophases, resting = [], [], []
    mitotic = CONCEPTS["mitosis"]
    for label in np.unique(brick.labels[brick.labels > 0]):
        own = brick.labels == label
        kind = PixelClass(int(np.bincount(brick.classes[own]).argmax()))
        place = _middle(own)
        if kind in mitotic:
            dividing.append((place,))
        elif kind is PixelClass.PROPHASE:
            prophases.append(place)
        else:
            resting.append(place)
    reach = brick.radius_px or 1.0
    return Truth(tuple(dividing), (), tuple(prophases), tuple(resting), reach)


def _middle(own: NDArray[np.bool_]) -> tuple[float, float]:
    rows, columns = np.nonzero(own)
    return float(rows.mean()) + 0.5, float(columns.mean()) + 0.5
