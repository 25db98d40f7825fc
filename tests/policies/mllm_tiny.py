"""A tiny untrained model in a folder of its own: what the weights of the judge look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from policies.mllm.calibration import Calibration, write_calibration
from policies.mllm.model.config import ScoutConfig
from policies.mllm.model.processor import ScoutImageProcessor, ScoutProcessor
from policies.mllm.model.scout import ScoutForConditionalGeneration
from policies.mllm.model.text import make_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = (8, 8, 8, 8, 8)
WORDS = ("any mitosis?", "is there a blue spot?", "cells 12 ; focus in", "find platelets")


def tiny_weights(folder: Path, seed: int = 0) -> Path:
    """Write random weights, tokenizer, processor and calibration to `folder`; deterministic."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(list(WORDS) * 10, 400)
    config = ScoutConfig(
        tower_widths=WIDTHS,
        tower_blocks=(1, 1, 1, 1),
        neck_width=8,
        head_width=8,
        query_width=8,
        grid=2,
        hidden_size=32,
        layers=2,
        heads=2,
        intermediate_size=48,
        vocab_size=len(tokenizer),
    )
    config.pad_token_id = tokenizer.pad_token_id
    config.bos_token_id = tokenizer.bos_token_id
    config.eos_token_id = tokenizer.eos_token_id
    config.image_token_id = tokenizer.convert_tokens_to_ids("<image>")
    model = ScoutForConditionalGeneration(config)
    model.save_pretrained(folder)
    ScoutProcessor(ScoutImageProcessor(), tokenizer, grid=config.grid).save_pretrained(folder)
    calibration = Calibration(familiar_within=9.0, feature_spread=(1.0,) * (2 * sum(WIDTHS)))
    write_calibration(folder, calibration)
    return folder
