"""Supervised training of tower, dense head and gauges. Resumable; curves go to a JSONL file."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from policies.mllm.look import native_bf16
from policies.mllm.model.config import ScoutConfig
from policies.mllm.model.pixel_model import PixelModel
from policies.mllm.train.losses import WEIGHTS, losses
from policies.mllm.train.stream import Samples, Source, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from policies.mllm.bricks.sample import Recipe


@dataclass(frozen=True, slots=True)
class PixelTraining:
    """How long and how fast. `average`: decay of the running mean of the weights that is kept."""

    steps: int = 12_000
    batch: int = 16
    rate: float = 1.5e-3
    warm_up: int = 200
    decay: float = 0.02
    average: float = 0.999
    seed: int = 1
    workers: int = 1
    save_every: int = 200
    mixed: bool = True  # bf16 where the processor has it


class Trainee(nn.Module):
    """The pixel model and one learned query per concept."""

    def __init__(self, config: ScoutConfig) -> None:
        super().__init__()
        self.pixels = PixelModel(config)
        self.queries = nn.Parameter(
            torch.randn(1, len(config.concepts), config.query_width + 1) / config.query_width**0.5
        )
        with torch.no_grad():
            self.queries[..., -1] = -3.0

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """A batch of samples to losses."""
        x = batch["pixels"].contiguous(memory_format=torch.channels_last)
        _, dense, readings = self.pixels(x, batch["numbers"])
        return losses(dense, readings, self.queries, batch)


def train_pixels(
    folder: Path,
    config: ScoutConfig,
    sources: Sequence[Source],
    recipe: Recipe,
    training: PixelTraining,
    *,
    validate: Callable[[PixelModel], dict[str, float]] | None = None,
    validate_every: int = 1000,
    tell: Callable[[int], None] | None = None,
) -> None:
    """Train, or go on with what `folder` holds; `folder/pixels.pt` is the state of it.

    `tell` is given the step after every step.
    """
    from accelerate import Accelerator

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(training.seed)
    mixed = "bf16" if training.mixed and bf16_pays() else "no"
    accelerator = Accelerator(mixed_precision=mixed)
    model = Trainee(config)
    mean = Trainee(config)
    mean.load_state_dict(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), training.rate, weight_decay=training.decay)
    state = folder / "pixels.pt"
    step = 0
    if state.exists():
        saved = torch.load(state, weights_only=True, map_location="cpu")
        model.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
        step = int(saved["step"])
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, optimizer = accelerator.prepare(model, optimizer)
    mean.to(accelerator.device)
    started = time.monotonic()
    with (folder / "curve.jsonl").open("a", encoding="utf-8") as curve:
        for drawn in _stream(sources, recipe, training, step):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, training)
            batch = {name: value.to(accelerator.device) for name, value in drawn.items()}
            with accelerator.autocast():
                terms = model(batch)
            total = torch.stack([WEIGHTS[name] * term for name, term in terms.items()]).sum()
            optimizer.zero_grad(set_to_none=True)
            accelerator.backward(total)
            accelerator.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            step += 1
            if tell is not None:
                tell(step)
            _average(
                mean, accelerator.unwrap_model(model), min(training.average, step / (step + 10))
            )
            if step % 50 == 0:
                row: dict[str, Any] = {
                    name: round(float(term.detach()), 4) for name, term in terms.items()
                }
                rate = (time.monotonic() - started) / 50
                started = time.monotonic()
                print(
                    json.dumps({"step": step, "s_per_step": round(rate, 3), **row}),
                    file=curve,
                    flush=True,
                )
            if step % training.save_every == 0 or step == training.steps:
                _save(state, accelerator.unwrap_model(model), mean, optimizer, step)
            if validate is not None and (step % validate_every == 0 or step == training.steps):
                mean.eval()
                print(
                    json.dumps({"step": step, "val": validate(mean.pixels)}), file=curve, flush=True
                )
                started = time.monotonic()


def _stream(
    sources: Sequence[Source], recipe: Recipe, training: PixelTraining, step: int
) -> Iterator[dict[str, Tensor]]:
    samples = Samples(sources, recipe, training.seed, training.batch, step, training.steps)
    yield from batches(samples, training.workers)


def rate_at(step: int, training: PixelTraining) -> float:
    """Learning rate: linear warm-up, then half a cosine down to a hundredth."""
    if step < training.warm_up:
        return training.rate * (step + 1) / training.warm_up
    done = min((step - training.warm_up) / max(training.steps - training.warm_up, 1), 1.0)
    return training.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def bf16_pays() -> bool:
    """Whether bfloat16 is faster than float32 here: on GPUs, and on CPUs that compute in it."""
    return torch.cuda.is_available() or native_bf16()


@torch.no_grad()
def _average(mean: nn.Module, model: nn.Module, keep: float) -> None:
    for old, new in zip(mean.state_dict().values(), model.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new.to(old.dtype), 1 - keep)
        else:
            old.copy_(new)


def _save(
    path: Path, model: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer, step: int
) -> None:
    part = path.with_suffix(".part")
    torch.save(
        {
            "model": model.state_dict(),
            "mean": mean.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
        },
        part,
    )
    part.replace(path)
