"""A whole training, stage after stage; goes on with what its folder holds."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from policies.mllm.bricks.questions import SYNONYMS
from policies.mllm.bricks.sample import Recipe
from policies.mllm.bricks.store import read
from policies.mllm.calibration import Calibration, write_calibration
from policies.mllm.faults import BrickError
from policies.mllm.model.config import ScoutConfig
from policies.mllm.model.text import question_text
from policies.mllm.train.assemble import assemble, save
from policies.mllm.train.calibrate import calibrate
from policies.mllm.train.focus import train_focus
from policies.mllm.train.gauge_examples import examples
from policies.mllm.train.gauges import SAMPLES, train_gauges
from policies.mllm.train.language import LanguageTraining, train_language
from policies.mllm.train.objects import train_objects
from policies.mllm.train.pixels import PixelTraining, train_pixels
from policies.mllm.train.stream import Source
from policies.mllm.weights import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

    from policies.mllm.bricks.sample import Prepared
    from policies.mllm.model.scout import ScoutForConditionalGeneration
    from policies.mllm.train.recipe import StageConfig, TrainingConfig

WEIGHTS = "weights"
GAUGES = "gauges"  # examples of the measured gauges, kept while they are made


@dataclass(frozen=True, slots=True)
class Where:
    """How far a training is: `step` of `steps` in `stage`."""

    stage: str
    step: int
    steps: int

    def __str__(self) -> str:
        return f"{self.stage}: {self.step} of {self.steps}"


def train(config: TrainingConfig, bricks: Path, out: Path, tell: Callable[[Where], None]) -> Path:
    """Train into `out` and return the folder of weights in it.

    BrickError where the bricks are missing or hold nothing of a source.
    """
    pictures = read(bricks)
    sizes = config.model.model_dump()

    def pixels(step: int) -> None:
        tell(Where("pixels", step, config.pixels.steps))

    def language(step: int) -> None:
        tell(Where("language", step, config.language.steps))

    train_pixels(
        out,
        ScoutConfig(**sizes),
        sources_of(config, pictures, "pixels", bricks),
        Recipe(size=config.pixels.size),
        _pixel_training(config.pixels),
        tell=pixels,
    )
    model, tokenizer = assemble(ScoutConfig(**sizes), out / "pixels.pt", config.language.seed)
    train_language(
        out,
        model,
        tokenizer,
        sources_of(config, pictures, "language", bricks),
        Recipe(size=config.language.size),
        _language_training(config.language),
        tell=language,
    )
    tell(Where("calibrate", 0, 1))
    return finish(out, model, tokenizer, pictures, read(bricks, ("val",)))


def sources_of(
    config: TrainingConfig, pictures: Sequence[Prepared], stage: str, bricks: Path
) -> list[Source]:
    """Pictures of each source with its weight in a stage. BrickError where it has none."""
    found = []
    for one in config.sources:
        own = [
            picture
            for picture in pictures
            if picture.brick.provenance.source == one.source
            and (not one.modality or picture.brick.modality in one.modality)
        ]
        weight = float(getattr(one, stage))
        if not own and weight > 0:
            kind = f" ({', '.join(one.modality)})" if one.modality else ""
            raise BrickError(
                f"{bricks}: no training pictures of {one.source}{kind}; leave that source out, or "
                "build bricks with it"
            )
        found.append(Source(one.source, own, weight))
    return found


def finish(
    out: Path,
    model: ScoutForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    taught: Sequence[Prepared],
    pictures: Sequence[Prepared],
) -> Path:
    """Fit object head and gauges on `taught`, save, calibrate on validation `pictures`.

    The folder of weights appears when it is whole.
    """
    model.eval()
    model.config.cell_query = cell_query(model, tokenizer)
    part = out / f".{WEIGHTS}.part"
    shutil.rmtree(part, ignore_errors=True)
    save(part, model, tokenizer)
    write_calibration(part, Calibration())
    unfused = load(part, fused=False)
    train_objects(unfused, taught)
    spoiled = examples(unfused, taught, SAMPLES, folder=out / GAUGES)
    train_gauges(unfused, spoiled)
    train_focus(unfused, spoiled)
    save(part, unfused.model, tokenizer)
    write_calibration(part, calibrate(load(part), pictures))
    final = out / WEIGHTS
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)
    shutil.rmtree(out / GAUGES, ignore_errors=True)  # of this model alone
    return final


@torch.no_grad()
def cell_query(
    model: ScoutForConditionalGeneration, tokenizer: PreTrainedTokenizerFast
) -> list[float]:
    """Mean query of all the words for a cell, (q + 1,)."""
    queries = []
    for words in SYNONYMS["cell"]:
        text = question_text(words)
        tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        queries.append(model.read_question(tokens)[0][0, 0])
    return [round(float(value), 5) for value in torch.stack(queries).mean(0)]


def _pixel_training(stage: StageConfig) -> PixelTraining:
    return PixelTraining(
        steps=stage.steps,
        batch=stage.batch,
        rate=stage.rate,
        seed=stage.seed,
        workers=stage.workers,
        save_every=stage.save_every,
    )


def _language_training(stage: StageConfig) -> LanguageTraining:
    return LanguageTraining(
        steps=stage.steps,
        batch=stage.batch,
        rate=stage.rate,
        seed=stage.seed,
        workers=stage.workers,
        save_every=stage.save_every,
    )
