"""Puts trained parts together into a folder of weights."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch

from policies.mllm.bricks.questions import STRANGERS, SYNONYMS, TEMPLATES
from policies.mllm.model.processor import ScoutImageProcessor, ScoutProcessor
from policies.mllm.model.scout import ScoutForConditionalGeneration
from policies.mllm.model.text import make_tokenizer
from policies.mllm.sayings import varied
from policies.mllm.train.language import random_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

    from policies.mllm.model.config import ScoutConfig


def corpus() -> Iterator[str]:
    """What the tokenizer is trained on."""
    rng = np.random.default_rng(0)
    things = [*chain.from_iterable(SYNONYMS.values()), *STRANGERS]
    for template in TEMPLATES:
        for thing in things:
            yield template.format(thing)
    for _ in range(4000):
        facts = random_facts(rng)
        yield facts.words()
        yield varied(facts, rng)


def assemble(
    config: ScoutConfig, pixels: Path, seed: int = 2
) -> tuple[ScoutForConditionalGeneration, PreTrainedTokenizerFast]:
    """A model with a trained pixel model and an untrained decoder, and its tokenizer."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(corpus(), config.vocab_size)
    config.vocab_size = len(tokenizer)
    config.pad_token_id = tokenizer.pad_token_id
    config.bos_token_id = tokenizer.bos_token_id
    config.eos_token_id = tokenizer.eos_token_id
    model = ScoutForConditionalGeneration(config)
    mean = torch.load(pixels, weights_only=True, map_location="cpu")["mean"]
    model.pixels.load_state_dict(
        {k.removeprefix("pixels."): v for k, v in mean.items() if k.startswith("pixels.")}
    )
    with torch.no_grad():
        model.queries.copy_(mean["queries"])
    return model, tokenizer


def save(
    folder: Path, model: ScoutForConditionalGeneration, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Model (16 bit), tokenizer and processor."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    processor = ScoutProcessor(ScoutImageProcessor(), tokenizer, grid=model.config.grid)
    model.half().save_pretrained(folder)
    model.float()
    processor.save_pretrained(folder)
