"""Training of the object head: the pixel model stays, instances come from its own maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from policies.mllm.concepts import PixelClass
from policies.mllm.instances import instances
from policies.mllm.look import look
from policies.mllm.object_features import object_features
from policies.mllm.objects import cut_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from policies.mllm.bricks.sample import Prepared
    from policies.mllm.weights import Loaded

EPOCHS = 20
BATCH = 256
LEAST_SHARE = 0.3  # of an instance's pixels that are no background: else it is background


def examples(loaded: Loaded, pictures: Sequence[Prepared]) -> tuple[Tensor, Tensor, Tensor]:
    """Features (n, f), classes (n,) and the index of the picture (n,), where phases are known."""
    found, truth, whose = [], [], []
    queries = loaded.model.queries[:, :1]
    for number, picture in enumerate(pictures):
        brick = picture.brick
        if not brick.phases_known:
            continue
        seen = look(loaded.model.pixels, brick.image, queries, brick.pixel_um)
        labels = instances(seen.foreground, seen.offset, cut_of(loaded.calibration))
        if not labels.max():
            continue
        found.append(object_features(seen, labels).clone())
        for n, place in enumerate(ndimage.find_objects(labels)):
            own = labels[place] == n + 1
            truth.append(majority(brick.classes[place][own]))
            whose.append(number)
    return torch.cat(found), torch.tensor(truth), torch.tensor(whose)


def majority(classes: NDArray[np.uint8]) -> int:
    """The class of an instance from those of its pixels."""
    counts = np.bincount(
        classes[classes <= PixelClass.DEBRIS], minlength=int(PixelClass.DEBRIS) + 1
    )
    if counts[1:].sum() < LEAST_SHARE * max(len(classes), 1):
        return int(PixelClass.BACKGROUND)
    return int(np.argmax(counts[1:])) + 1


def train_objects(loaded: Loaded, pictures: Sequence[Prepared], seed: int = 3) -> None:
    """Fit `loaded.model.objects` in place."""
    torch.manual_seed(seed)
    features, truth, _ = examples(loaded, pictures)
    head = loaded.model.objects
    head.mean.copy_(features.mean(0))
    head.spread.copy_(features.std(0) + 1e-3)
    optimizer = torch.optim.AdamW(head.parameters(), 1e-3, weight_decay=0.05)
    head.train().requires_grad_(True)
    for _ in range(EPOCHS):
        order = torch.randperm(len(features))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            loss = F.cross_entropy(head(features[chosen]), truth[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    head.eval()
