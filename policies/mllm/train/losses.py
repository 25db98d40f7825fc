"""What the pixel model is trained to minimise. Every term counts only what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from policies.mllm.bricks.sample import UNKNOWN
from policies.mllm.concepts import CONCEPTS, PixelClass
from policies.mllm.model.dense import OFFSET_PX, heat
from policies.mllm.model.gauges import BLUR_FLOOR

if TYPE_CHECKING:
    from policies.mllm.model.dense import Dense
    from policies.mllm.model.gauges import Readings

WEIGHTS = {
    "foreground": 1.0,
    "dice": 0.5,
    "distance": 2.0,
    "rim": 0.3,
    "offset": 0.3,
    "heat": 1.0,
    "blur": 0.6,
    "focus": 0.5,
    "flags": 0.8,
    "modality": 0.1,
}
POSITIVE = 2.0  # pixels of a concept are rare


def losses(
    dense: Dense, readings: Readings, queries: Tensor, batch: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Each term, not weighted. `queries` (1, concepts, q + 1)."""
    known = batch["outlined"].float()
    sharp = torch.where(batch["blur"] > 0.3, 0.4, 1.0) * known
    weight = sharp[:, None, None].expand_as(batch["foreground"])
    inside = (batch["labels"] > 0).float()
    total = weight.sum().clamp(min=1)
    fg = F.binary_cross_entropy_with_logits(dense.foreground, batch["foreground"], reduction="none")
    near = 1 + 3 * batch["rim"]
    p = torch.sigmoid(dense.foreground)
    overlap = (weight * p * batch["foreground"]).sum((1, 2))
    size = (weight * (p + batch["foreground"])).sum((1, 2))
    dice = (1 - (2 * overlap + 20) / (size + 20)) * known
    distance = (torch.sigmoid(dense.distance) - batch["distance"]).abs()
    rim = F.binary_cross_entropy_with_logits(dense.rim, batch["rim"], reduction="none")
    pull = F.smooth_l1_loss(dense.offset, offsets(batch["labels"]), reduction="none", beta=0.1).sum(
        1
    )
    pulled = inside * weight
    return {
        "foreground": (fg * weight * near).sum() / total,
        "dice": dice.sum() / known.sum().clamp(min=1),
        "distance": (distance * weight * (0.3 + inside)).sum() / total,
        "rim": (rim * weight).sum() / total,
        "offset": (pull * pulled).sum() / pulled.sum().clamp(min=1),
        "heat": concept_loss(heat(dense.embedding, queries), batch),
        **reading_losses(readings, batch),
    }


def concept_loss(maps: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Cross entropy of the concepts' heat maps (b, concepts, h, w), where they are known."""
    classes = batch["classes"]
    known_pixel = (classes != PixelClass.UNKNOWN).float()
    told_apart = batch["phases_known"].float()[:, None, None]
    background = (classes == PixelClass.BACKGROUND).float()
    debris = (classes == PixelClass.DEBRIS).float()
    terms, weights = [], []
    for n, (name, parts) in enumerate(CONCEPTS.items()):
        if name == "bubble":
            truth, weight = batch["bubble"], torch.ones_like(batch["bubble"])
        else:
            truth = torch.zeros_like(background)
            for part in parts:
                truth = truth + (classes == part).float()
            if name == "cell layer":
                layered = (classes == PixelClass.LAYER).flatten(1).any(1).float()[:, None, None]
                weight = known_pixel * (layered + 0.2 * batch["outlined"].float()[:, None, None])
            elif name == "debris":
                weight = torch.where(truth > 0, 1.0, 0.5 + 0.5 * known_pixel)
            else:  # a resting nucleus is a "no" only where somebody told phases apart
                weight = torch.maximum(known_pixel * told_apart, 0.5 * (background + debris))
        loss = F.binary_cross_entropy_with_logits(
            maps[:, n], truth, pos_weight=torch.tensor(POSITIVE), reduction="none"
        )
        hard = 1 + 2 * truth + 4 * (maps[:, n].detach() > 0).float() * (1 - truth)
        terms.append((loss * weight * hard).sum() / weight.sum().clamp(min=1))
        weights.append(1.0)
    return torch.stack(terms).sum() / sum(weights) * 4


def reading_losses(readings: Readings, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Losses of the gauges."""
    blur_known = batch["blur"] >= 0
    truth = torch.log2(batch["blur"].clamp(min=0).float() + BLUR_FLOOR)
    blur = F.smooth_l1_loss(readings.blur, truth, reduction="none", beta=0.3) * blur_known
    flags, flag_known = batch["flags"], (batch["flags"] != UNKNOWN).float()
    flag = F.binary_cross_entropy_with_logits(readings.flags, flags.clamp(min=0), reduction="none")
    return {
        "blur": blur.sum() / blur_known.sum().clamp(min=1),
        "focus": _picked(readings.focus, batch["focus"]),
        "flags": (flag * flag_known).sum() / flag_known.sum().clamp(min=1) * 2,
        "modality": _picked(readings.modality, batch["modality"]),
    }


def _picked(logits: Tensor, truth: Tensor) -> Tensor:
    known = truth >= 0
    if not known.any():
        return logits.sum() * 0
    return F.cross_entropy(logits[known], truth[known])


def offsets(labels: Tensor) -> Tensor:
    """(b, h, w) ids at stride 2 -> (b, 2, h, w) to its centre, in `OFFSET_PX` full pixels."""
    b, h, w = labels.shape
    most = int(labels.max()) + 1
    flat = (labels.long() + torch.arange(b)[:, None, None] * most).flatten()
    y = torch.arange(h, dtype=torch.float32)[:, None].expand(h, w).repeat(b, 1, 1).flatten()
    x = torch.arange(w, dtype=torch.float32)[None].expand(h, w).repeat(b, 1, 1).flatten()
    count = torch.zeros(b * most).index_add_(0, flat, torch.ones_like(y)).clamp(min=1)
    cy = torch.zeros(b * most).index_add_(0, flat, y) / count
    cx = torch.zeros(b * most).index_add_(0, flat, x) / count
    pull = torch.stack([cy[flat] - y, cx[flat] - x]).view(2, b, h, w).transpose(0, 1)
    return pull * (2 / OFFSET_PX) * (labels > 0)[:, None]
