"""A scenario: the specimen, the optics and the troubles of one rehearsal. Validated YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from hardware.data.microscope_config import Model, Positive
from sim.faults import Fault

NotNegative = Annotated[FiniteFloat, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Shows = Literal["chromatin", "cytoplasm", "transmitted"]


class Dish(Model):
    """A round dish; stage (0, 0) is its centre."""

    kind: Literal["dish"] = "dish"
    diameter_mm: Positive = 35.0


class Plate(Model):
    """A multi-well plate; stage (0, 0) is the centre of well A1. The defaults are 96 wells."""

    kind: Literal["plate"] = "plate"
    rows: Annotated[int, Field(ge=1)] = 8
    columns: Annotated[int, Field(ge=1)] = 12
    pitch_mm: Positive = 9.0
    well_diameter_mm: Positive = 6.4


class Mitosis(Model):
    """How long the phases of a division last (minutes), and how much cells differ (CV)."""

    prophase_min: Positive = 12.0
    metaphase_min: Positive = 20.0
    anaphase_min: Positive = 8.0
    telophase_min: Positive = 15.0
    variation: Share = 0.15


class Specimen(Model):
    """The culture.

    `cycling` is the share of cells that divide at all; the rest rest (contact inhibition).
    `generations`: daughters of that many divisions rest as well, so that a week does not fill
    the dish. `debris_per_mm2`: bright specks that are no cells.
    """

    geometry: Annotated[Dish | Plate, Field(discriminator="kind")] = Dish()
    density_per_mm2: NotNegative = 420.0
    clumping: Share = 0.25
    cycling: Share = 0.25
    cycle_h: Positive = 20.0
    generations: Annotated[int, Field(ge=0, le=6)] = 2
    mitosis: Mitosis = Mitosis()
    motility_um_per_h: NotNegative = 5.0
    dead: Share = 0.01
    deaths_per_1000_cells_h: NotNegative = 1.0
    debris_per_mm2: NotNegative = 15.0


class Damage(Model):
    """What light does to cells. Doses are J/cm^2, weighted by each channel's `toxicity`.

    `slowing_j_cm2`: at this dose everything up to the next division takes twice as long.
    `lethal_j_cm2`: half of the cells die within the hour.
    """

    slowing_j_cm2: Positive = 4.0
    lethal_j_cm2: Positive = 8.0
    lethal_variation: Share = 0.25


class Stain(Model):
    """What one channel preset shows.

    `electrons` per um^2 of sample for 1 mJ/cm^2 of light at NA 0.5, at the brightness of a
    resting nucleus (or flat cytoplasm); `background` as a share of that.
    `bleach_j_cm2`: the dose after which 1/e of the signal is left. `toxicity`: 1 for DAPI.
    `irradiance_w_cm2`: stands in where the microscope's YAML has no measured value.
    """

    shows: Shows
    electrons: Positive = 2000.0
    background: NotNegative = 0.05
    wavelength_nm: Positive = 500.0
    bleach_j_cm2: Positive = 5.0
    toxicity: NotNegative = 1.0
    irradiance_w_cm2: Positive = 0.05


class Objective(Model):
    """One preset of the objective group. Pixel sizes come from Micro-Manager."""

    na: Annotated[FiniteFloat, Field(gt=0, le=1.5)]


class Camera(Model):
    """A scientific CMOS camera. Gain in electrons per count."""

    height: Annotated[int, Field(ge=16, le=4096)] = 512
    width: Annotated[int, Field(ge=16, le=4096)] = 512
    offset: Annotated[int, Field(ge=0)] = 100
    gain_e: Positive = 0.45
    read_noise_e: NotNegative = 1.6
    full_well_e: Positive = 30_000.0
    bits: Literal[12, 16] = 16


_OBJECTIVES = {"10X": Objective(na=0.3), "20X": Objective(na=0.5), "40X": Objective(na=0.75)}
_STAINS = {
    "DAPI": Stain(
        shows="chromatin", electrons=2000, wavelength_nm=460, bleach_j_cm2=6.0, toxicity=1.0
    ),
    "FITC": Stain(
        shows="cytoplasm", electrons=700, wavelength_nm=520, bleach_j_cm2=8.0, toxicity=0.3
    ),
}


class Optics(Model):
    """The light path. `vignetting`: how much darker the corners are than the centre."""

    objectives: dict[str, Objective] = Field(default_factory=lambda: dict(_OBJECTIVES))
    channels: dict[str, Stain] = Field(default_factory=lambda: dict(_STAINS))
    other_channels: Stain = Stain(
        shows="transmitted", electrons=12_000, wavelength_nm=600, toxicity=0.02, bleach_j_cm2=1e6
    )
    vignetting: Share = 0.2


class Focus(Model):
    """Where the sample is sharp: z = tilt + drift + wander (um), stage coordinates."""

    plane_um: FiniteFloat = 0.0
    tilt_x_um_per_mm: FiniteFloat = 0.3
    tilt_y_um_per_mm: FiniteFloat = -0.2
    drift_um_per_h: FiniteFloat = 0.5
    wander_um: NotNegative = 0.3
    wander_period_min: Positive = 25.0


class Stage(Model):
    """`repeatability_um`: rms distance between where the stage says it is and where it is."""

    repeatability_um: NotNegative = 0.3
    turret_s: NotNegative | None = None  # turning to another objective; None: as the microscope's


class Scenario(Model):
    """One simulated sample on one simulated microscope.

    Attributes
    ----------
    seed : another seed is another culture; the command line overrides it.
    objective : preset put in place before the run starts.
    faults : what goes wrong, and when.
    """

    name: str
    description: str = ""
    seed: Annotated[int, Field(ge=0)] = 1
    objective: str = "20X"
    specimen: Specimen = Specimen()
    damage: Damage = Damage()
    optics: Optics = Optics()
    camera: Camera = Camera()
    focus: Focus = Focus()
    stage: Stage = Stage()
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _objective_known(self) -> Scenario:
        if self.objective not in self.optics.objectives:
            known = ", ".join(self.optics.objectives)
            raise ValueError(f"objective {self.objective!r} is not in optics.objectives ({known})")
        return self

    def stain(self, channel: str) -> Stain:
        """What the channel preset shows; presets that are not listed are brightfield-like."""
        return self.optics.channels.get(channel, self.optics.other_channels)
