"""Training of the focus gauge: tower and measured gauges stay, only it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from policies.mllm.model.focus_gauge import with_gauges

if TYPE_CHECKING:
    from torch import Tensor

    from policies.mllm.model.focus_gauge import Focused
    from policies.mllm.train.gauge_examples import Examples
    from policies.mllm.weights import Loaded

EPOCHS = 40
BATCH = 128
RATE = 1.5e-3


def train_focus(loaded: Loaded, found: Examples, seed: int = 3, epochs: int = EPOCHS) -> None:
    """Fit `loaded.model.focused` in place."""
    torch.manual_seed(seed)
    head = loaded.model.focused
    loaded.model.measured.eval()
    with torch.no_grad():
        known = with_gauges(found.features, loaded.model.measured(found.features))
    head.mean.copy_(known.mean(0))
    head.spread.copy_(known.std(0) + 1e-2)
    optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=0.05)
    steps = epochs * -(-len(known) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    head.train().requires_grad_(True)
    for _ in range(epochs):
        for chosen in torch.randperm(len(known)).split(BATCH):
            optimizer.zero_grad()
            # Each network for itself: together they could lean on one another.
            said = head.members(known[chosen])
            torch.stack(
                [loss(one, found.blur[chosen], found.focus[chosen]) for one in said]
            ).sum().backward()
            optimizer.step()
            schedule.step()
    head.eval()


def loss(said: Focused, blur: Tensor, focus: Tensor) -> Tensor:
    """The blur and how uncertain it is, where known (not NaN), and the state (-1: unknown)."""
    known = ~torch.isnan(blur)
    terms = [said.focus.sum() * 0]
    if known.any():
        apart = blur[known] - said.blur[known]
        by = apart / said.spread[known]
        likely = said.spread[known].log() + by + 2 * F.softplus(-by)  # of a logistic distribution
        terms.append(2 * F.smooth_l1_loss(apart, torch.zeros_like(apart), beta=0.2))
        terms.append(0.5 * likely.mean())
    if (focus >= 0).any():
        terms.append(F.cross_entropy(said.focus, focus, ignore_index=-1))
    return torch.stack(terms).sum()
