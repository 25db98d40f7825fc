"""Training of the measured gauges: the tower stays, images are looked at as the judge does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from policies.mllm.bricks.sample import UNKNOWN, Recipe, spoil
from policies.mllm.look import look
from policies.mllm.measures import measure
from policies.mllm.model.gauges import BLUR_FLOOR
from policies.mllm.model.measured import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from torch import Tensor

    from policies.mllm.bricks.sample import Prepared
    from policies.mllm.weights import Loaded

SAMPLES = 4000
EPOCHS = 40
BATCH = 128
HELD_OUT = 0.12  # of the samples: when to stop
SPOILED = Recipe(
    size=256,
    defocus=0.45,
    saturate=0.15,
    motion=0.2,
    uneven=0.12,
    bubble=0.1,
    debris=0.15,
    empty=0.04,
    dim=0.1,
    noise=0.5,
)  # every fault often enough to be learned
FAULTS = (
    "",
    "defocus",
    "dim",
    "saturate",
    "uneven",
    "bubble",
    "debris",
    "motion",
    "motion",
    "empty",
)  # of which half the samples have one; motion is the hardest to tell
NATIVE = 0.6  # share of samples at the picture's own scale, as a judge sees it


@dataclass(frozen=True, slots=True)
class Examples:
    """Of n images.

    Attributes
    ----------
    features : (n, f) of `joined`.
    blur : (n,) log2 of (relative blur + `BLUR_FLOOR`), NaN where unknown.
    focus : (n,) index, or -1. flags : (n, flags) 1, 0, or -1 where unknown.
    """

    features: Tensor
    blur: Tensor
    focus: Tensor
    flags: Tensor


def one_fault(name: str) -> Recipe:
    """This fault and no other, "" for none."""
    odds = {one: float(one == name) for one in FAULTS if one}
    return Recipe(invert=0.0, noise=0.3, **odds)  # type: ignore[arg-type]


def recipe_of(rng: Generator, side: int) -> Recipe:
    """What is done to a picture whose shorter side has `side` pixels."""
    recipe = SPOILED if rng.random() < 0.5 else one_fault(str(rng.choice(FAULTS)))
    size = 512 if side >= 512 and rng.random() < 0.5 else min(256, side // 32 * 32)
    scale = (1.0, 1.0) if rng.random() < NATIVE else (0.7, 2.0)
    return replace(recipe, size=max(size, 64), scale=scale)


def shuffled(pictures: Sequence[Prepared], seed: int = 4) -> list[Prepared]:
    """In another order, so that the first so many of them are of all kinds."""
    order = np.random.default_rng(seed).permutation(len(pictures))
    return [pictures[int(n)] for n in order]


@torch.inference_mode()
def examples(loaded: Loaded, pictures: Sequence[Prepared], count: int, seed: int = 4) -> Examples:
    """Spoil pictures in turn and look at them."""
    rng = np.random.default_rng(seed)
    features, blur, focus, flags = [], [], [], []
    queries = loaded.model.queries[:, :1]
    for number in range(count):
        picture = pictures[number % len(pictures)]
        spoiled = spoil(picture, rng, recipe_of(rng, min(picture.brick.image.shape[:2])))
        image = spoiled.image if spoiled.image.shape[2] > 1 else spoiled.image[..., 0]
        seen = look(loaded.model.pixels, image, queries, spoiled.pixel_um)
        measures = torch.from_numpy(measure(image, seen.foreground))[None]
        sight = seen.sights[seen.sharpest]
        features.append(joined(sight.readings, sight.numbers, measures)[0].clone())
        known = spoiled.sample.blur >= 0
        blur.append(np.log2(spoiled.sample.blur + BLUR_FLOOR) if known else np.nan)
        focus.append(spoiled.sample.focus)
        flags.append(spoiled.sample.flags)
    return Examples(
        torch.stack(features),
        torch.tensor(np.array(blur), dtype=torch.float32),
        torch.tensor(focus),
        torch.from_numpy(np.stack(flags)),
    )


def train_gauges(loaded: Loaded, found: Examples, seed: int = 3) -> float:
    """Fit `loaded.model.measured` in place; what is best on samples held out is kept.

    Returns the loss there.
    """
    torch.manual_seed(seed)
    head = loaded.model.measured
    head.mean.copy_(found.features.mean(0))
    head.spread.copy_(found.features.std(0) + 1e-2)
    order = torch.randperm(len(found.features))
    held, kept = order.split(
        [round(HELD_OUT * len(order)), len(order) - round(HELD_OUT * len(order))]
    )
    optimizer = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    steps = EPOCHS * (len(kept) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    head.requires_grad_(True)
    best, best_state = np.inf, head.state_dict()
    for _ in range(EPOCHS):
        head.train()
        for chosen in kept[torch.randperm(len(kept))].split(BATCH):
            optimizer.zero_grad()
            _loss(loaded, found, chosen).backward()
            optimizer.step()
            schedule.step()
        head.eval()
        with torch.no_grad():
            got = float(_loss(loaded, found, held))
        if got < best:
            best = got
            best_state = {name: value.clone() for name, value in head.state_dict().items()}
    head.load_state_dict(best_state)
    return best


def _loss(loaded: Loaded, found: Examples, chosen: Tensor) -> Tensor:
    said = loaded.model.measured(found.features[chosen])
    truth, focus, flags = found.blur[chosen], found.focus[chosen], found.flags[chosen]
    known = ~torch.isnan(truth)
    terms = [2 * F.smooth_l1_loss(said.blur[known], truth[known], beta=0.2)]
    terms.append(F.cross_entropy(said.focus, focus, ignore_index=-1))
    asked = (flags != UNKNOWN).float()
    each = F.binary_cross_entropy_with_logits(said.flags, flags.clamp(min=0), reduction="none")
    terms.append(2 * (each * asked).sum() / asked.sum().clamp(min=1))
    return torch.stack(terms).sum()
