"""How the model is trained: sources, stages, sizes. Validated YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Weight = Annotated[FiniteFloat, Field(ge=0)]
Steps = Annotated[int, Field(ge=1, le=10_000_000)]
Seed = Annotated[int, Field(ge=0)]
Positive = Annotated[FiniteFloat, Field(gt=0)]
Width = Annotated[int, Field(ge=4, le=4096, multiple_of=4)]
Modality = Literal["fluorescence", "phase contrast", "brightfield", "histology", ""]


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SourceConfig(Model):
    """Pictures of one kind, and how often they are drawn."""

    source: Annotated[str, Field(min_length=1)]
    """As the bricks' provenance names it."""

    modality: tuple[Modality, ...] = ()
    """Only pictures of these; all of them where it is left out."""

    pixels: Weight
    """Share of samples in the first stage."""

    language: Weight
    """Share of samples in the second stage."""


class StageConfig(Model):
    """Length and pace of one stage."""

    steps: Steps
    """Batches."""

    batch: Annotated[int, Field(ge=1, le=4096)] = 16
    """Samples of a batch."""

    size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)]
    """Side of a sample, in pixels."""

    rate: Positive
    """Highest learning rate."""

    seed: Seed
    """Of samples and weights."""

    save_every: Steps = 200
    """Steps after which the state is saved; as much is lost when it is interrupted."""

    workers: Annotated[int, Field(ge=0, le=64)] = 1
    """Processes that prepare samples."""


class SizesConfig(Model):
    """Sizes of the model's parts."""

    tower_widths: tuple[Width, Width, Width, Width, Width] = (32, 64, 96, 160, 256)
    """Channels at strides 2, 4, 8, 16, 32."""

    tower_blocks: tuple[Steps, Steps, Steps, Steps] = (2, 2, 2, 2)
    """Residual blocks at strides 4, 8, 16, 32."""

    neck_width: Width = 64
    """Channels where strides are merged."""

    head_width: Width = 48
    """Channels of the dense head."""

    query_width: Width = 32
    """Of pixel embeddings and queries."""

    grid: Annotated[int, Field(ge=1, le=32)] = 8
    """Image tokens along one edge."""

    hidden_size: Width = 256
    """Of the decoder."""

    layers: Annotated[int, Field(ge=1, le=64)] = 6
    """Of the decoder."""

    heads: Annotated[int, Field(ge=1, le=64)] = 8
    """Of the decoder's attention."""

    intermediate_size: Width = 688
    """Of the decoder's feed-forward layers."""

    vocab_size: Annotated[int, Field(ge=320, le=65_536)] = 1024
    """Of the tokenizer."""

    @model_validator(mode="after")
    def _heads_fit(self) -> SizesConfig:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of {self.heads} heads")
        return self


class TrainingConfig(Model):
    """A whole training: pixels, then language, then calibration."""

    bricks: Annotated[str, Field(min_length=1)]
    """Folder that `microscout bricks build` has written."""

    out: Annotated[str, Field(min_length=1)]
    """Folder for the state of the training; the weights end up in `weights` in it."""

    sources: Annotated[tuple[SourceConfig, ...], Field(min_length=1)]
    """What samples are drawn from."""

    pixels: StageConfig
    """Tower, dense head and gauges."""

    language: StageConfig
    """Connector, decoder and query, on top of pixels that stay as they are."""

    model: SizesConfig = SizesConfig()
    """Sizes of the model."""

    @model_validator(mode="after")
    def _something_to_draw(self) -> TrainingConfig:
        for stage in ("pixels", "language"):
            if not any(getattr(source, stage) > 0 for source in self.sources):
                raise ValueError(f"sources: no source has a weight for {stage}")
        return self
