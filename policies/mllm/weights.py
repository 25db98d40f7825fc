"""Loads the model: the weights that come with the package, or a folder of the same layout."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from policies.judge import JudgeUnavailable
from policies.mllm.calibration import Calibration, read_calibration
from policies.mllm.model.scout import ScoutForConditionalGeneration

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NEEDED = ("config.json", "model.safetensors", "tokenizer.json", "calibration.json")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to judge, its tokenizer and calibration. `name` is its folder's version."""

    model: ScoutForConditionalGeneration
    tokenizer: PreTrainedTokenizerFast
    calibration: Calibration
    name: str


def shipped() -> Path:
    """The folder of weights in the package."""
    return Path(str(files("policies.mllm"))) / "weights"


def load(folder: Path | None = None, *, fused: bool = True) -> Loaded:
    """Load from `folder` (None: the shipped weights). Nothing is downloaded.

    `fused`: batch norms become part of the convolutions; faster, no longer trainable.
    Raises JudgeUnavailable where a file is missing, corrupt, or of another model.
    """
    folder = shipped() if folder is None else folder
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise JudgeUnavailable(
            f"{folder}: no {', '.join(missing)}; give a folder of weights, or leave it out for the "
            "shipped ones"
        )
    calibration = read_calibration(folder)
    model = _model(folder)
    tokenizer = _tokenizer(folder)
    if len(tokenizer) > model.config.vocab_size:
        raise JudgeUnavailable(
            f"{folder}: tokenizer and model do not belong together; copy it again"
        )
    model.eval()
    if fused:
        fuse(model)
        model.to(memory_format=torch.channels_last)
    return Loaded(model, tokenizer, calibration, str(getattr(model.config, "version", "1")))


def _model(folder: Path) -> ScoutForConditionalGeneration:
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model, report = ScoutForConditionalGeneration.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # safetensors, json and torch each have errors of their own
        first = " ".join(str(error).split())[:160]
        raise JudgeUnavailable(f"{folder}: cannot be loaded ({first}); copy it again") from None
    wrong = [*report["missing_keys"], *report["unexpected_keys"], *report["mismatched_keys"]]
    if wrong:
        raise JudgeUnavailable(
            f"{folder}: is not a model of this version (first odd part: {wrong[0]}); copy it again"
        )
    if not all(bool(torch.isfinite(p).all()) for p in model.parameters()):
        raise JudgeUnavailable(f"{folder}: weights that are not finite; copy it again")
    made: ScoutForConditionalGeneration = model
    return made


def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer

    from policies.mllm.model.text import wrap

    try:
        return wrap(Tokenizer.from_file(str(folder / "tokenizer.json")))
    except Exception as error:
        raise JudgeUnavailable(f"{folder}/tokenizer.json: {error}; copy it again") from None


def fuse(model: nn.Module) -> None:
    """Fold every batch norm into the convolution before it (in place)."""
    for part in list(model.modules()):
        if not isinstance(part, nn.Sequential):
            continue
        for n in range(len(part) - 1):
            first, second = part[n], part[n + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                part[n] = fuse_conv_bn_eval(first, second)
                part[n + 1] = nn.Identity()
