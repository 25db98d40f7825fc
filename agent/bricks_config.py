"""What goes into a set of bricks. Validated YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, field_validator, model_validator

from hardware.data.microscope_config import Model, Positive

Split = Literal["train", "val"]
Role = Literal["instances", "layer", "focus", "crops", "captions"]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Name = Annotated[str, Field(min_length=1)]


class SetConfig(Model):
    """One folder of labelled images (`images/`, perhaps `labels/`, `meta.csv`)."""

    folder: Name
    """Below `data`."""

    role: Role = "instances"
    """Outlined objects, covered or not, sharp or not, single cells, or sentences."""

    radius_px: Positive | None = None
    """Radius of a typical object where nobody outlined any; a blur is told in units of it."""

    weight: Annotated[FiniteFloat, Field(ge=0)] = 1.0
    """Share of training samples, relative to the other sets."""

    mosaics: dict[Split, Count] = Field(default_factory=dict)
    """Of single cells: how many fields are put together of them, for each split."""

    @model_validator(mode="after")
    def _fits_its_role(self) -> SetConfig:
        if self.role == "crops" and not self.mosaics:
            raise ValueError("crops need mosaics, for example {train: 600}")
        if self.role != "crops" and self.mosaics:
            raise ValueError("only crops can have mosaics")
        if self.role == "focus" and self.radius_px is None:
            raise ValueError("focus needs radius_px, the radius of a typical object")
        return self


class VarietyConfig(Model):
    """How simulated pictures vary; what is left out is as in the simulator's study."""

    bubble: Share = 0.0
    """Share of pictures with an air bubble; must be 0, for bubbles have no outline in the truth."""

    dividing: Share | None = None
    """Share of pictures aimed at a division."""

    sharp: Share | None = None
    """Share of pictures in focus."""

    height: Annotated[int, Field(ge=64, le=2048)] | None = None
    """Of a picture, in pixels."""

    width: Annotated[int, Field(ge=64, le=2048)] | None = None
    """Of a picture, in pixels."""

    @field_validator("bubble")
    @classmethod
    def _no_mask(cls, share: float) -> float:
        if share > 0:
            raise ValueError("simulated bubbles have no outline; training draws its own: write 0")
        return share


class SimulatorSplit(Model):
    """Simulated pictures of one split."""

    count: Count
    """Pictures."""

    seed: Annotated[int, Field(ge=0)]
    """Another seed, other cells."""


class SimulatorConfig(Model):
    """Pictures with exact truth from the simulated microscope."""

    splits: dict[Split, SimulatorSplit]
    """How many, of which seeds. Splits have seeds of their own."""

    weight: Annotated[FiniteFloat, Field(ge=0)] = 1.0
    """Share of training samples, relative to the sets."""

    variety: VarietyConfig = VarietyConfig()
    """How the pictures vary."""

    @field_validator("splits")
    @classmethod
    def _apart(cls, splits: dict[Split, SimulatorSplit]) -> dict[Split, SimulatorSplit]:
        seeds = [split.seed for split in splits.values()]
        if len(set(seeds)) < len(seeds):
            raise ValueError("two splits with one seed would hold the same pictures")
        return splits


class BricksConfig(Model):
    """A set of bricks. Pictures of a test split are never among them."""

    out: Name
    """New folder to write."""

    data: Name = "."
    """Folder that holds the sets."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Of mosaics and questions."""

    splits: tuple[Split, ...] = ("train", "val")
    """Splits that are gathered."""

    sets: tuple[SetConfig, ...] = ()
    """Folders of real images."""

    simulator: SimulatorConfig | None = None
    """Simulated pictures, after the real ones."""

    questions: Annotated[int, Field(ge=0, le=100)] = 4
    """Questions with answers about each picture."""

    @model_validator(mode="after")
    def _something(self) -> BricksConfig:
        if not self.sets and self.simulator is None:
            raise ValueError("neither sets nor simulator: nothing to gather")
        folders = [one.folder for one in self.sets]
        twice = sorted({name for name in folders if folders.count(name) > 1})
        if twice:
            raise ValueError(f"sets: {twice[0]} is named twice")
        return self
