"""Training of the measured gauges: the tower stays, only they learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from policies.mllm.bricks.sample import UNKNOWN

if TYPE_CHECKING:
    from torch import Tensor

    from policies.mllm.train.gauge_examples import Examples
    from policies.mllm.weights import Loaded

SAMPLES = 10_000
EPOCHS = 40
BATCH = 128
HELD_OUT = 0.12  # of the samples: when to stop


def train_gauges(loaded: Loaded, found: Examples, seed: int = 3) -> float:
    """Fit `loaded.model.measured` in place; what is best on samples held out is kept.

    Returns the loss there.
    """
    torch.manual_seed(seed)
    head = loaded.model.measured
    own = found.features[:, : len(head.mean)]
    head.mean.copy_(own.mean(0))
    head.spread.copy_(own.std(0) + 1e-2)
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
