"""First half of a training: where the target is. The dense head's embedding and a query are fitted.

With boxes, cells inside are positive; in any case the hottest cells of an image must answer for it
(multiple-instance learning).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.mllm.adapt.features import View

HOTTEST = 48  # cells at stride 4 that speak for an image
START = -2.0
RATE, QUERY_RATE = 4e-3, 3e-2


def fit_query(
    embed: nn.Module, views: Sequence[View], steps: int, rng: np.random.Generator, batch: int = 8
) -> Tensor:
    """Train the adapter's part of `embed`; the query (q + 1,) that goes with it."""
    with torch.no_grad():
        some = torch.cat([_embedded(embed, view)[:, ::7] for view in views[:64]], 1)
    mean, spread = some.mean(1), some.std(1) + 1e-4
    direction = nn.Parameter(torch.zeros_like(mean))
    bias = nn.Parameter(torch.tensor(START))
    learned = [p for p in embed.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [direction, bias], "lr": QUERY_RATE, "weight_decay": 1e-2},
            {"params": learned, "lr": RATE, "weight_decay": 1e-2},
        ]
    )
    for step in range(steps):
        for group, rate in zip(optimizer.param_groups, (QUERY_RATE, RATE), strict=True):
            group["lr"] = rate * (1 - 0.9 * step / steps)
        terms = []
        for n in balanced(views, batch, rng):
            x = (_embedded(embed, views[n]) - mean[:, None]) / spread[:, None]
            terms.append(_loss(direction @ x + bias, views[n]))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(terms).mean())
        optimizer.step()
    with torch.no_grad():
        unit = direction / spread
        return torch.cat([unit, (bias - unit @ mean)[None]]).detach()


def pointed(asked: Sequence[Tensor]) -> float:
    """Logit of an image's hottest places, from each tile's heat (1, h, w) at stride 2."""
    flat = torch.cat([one.flatten() for one in asked])
    return float(flat.topk(min(4 * HOTTEST, len(flat))).values.mean())


def balanced(views: Sequence[View], batch: int, rng: np.random.Generator) -> list[int]:
    """Indices of views, as many of either answer."""
    targets = np.array([view.target for view in views])
    half = batch // 2
    yes = rng.choice(np.flatnonzero(targets), half)
    no = rng.choice(np.flatnonzero(~targets), batch - half)
    return [int(n) for n in (*yes, *no)]


def _embedded(embed: nn.Module, view: View) -> Tensor:
    return torch.cat([embed(part.float())[0].flatten(1) for part in view.maps], 1)


def _loss(heat: Tensor, view: View) -> Tensor:
    top = heat.topk(min(HOTTEST, len(heat))).values.mean()
    loss = F.binary_cross_entropy_with_logits(top, torch.tensor(float(view.target)))
    if view.target and not view.boxed:
        return loss
    inside, outside = view.cells == 1, view.cells == 0
    each: Any = F.binary_cross_entropy_with_logits(heat, inside.float(), reduction="none")
    if bool(inside.any()):
        loss = loss + each[inside].mean()
    return loss + 3 * each[outside].mean() if bool(outside.any()) else loss
