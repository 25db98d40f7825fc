"""What the gauges learn from: spoiled pictures, looked at as the judge does it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from policies.mllm.bricks.sample import Recipe, spoil
from policies.mllm.look import look
from policies.mllm.measures import measure
from policies.mllm.model.gauges import BLUR_FLOOR
from policies.mllm.model.measured import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.random import Generator
    from torch import Tensor

    from policies.mllm.bricks.brick import Brick
    from policies.mllm.bricks.sample import Prepared
    from policies.mllm.weights import Loaded

CHUNK = 100  # examples that are made, and kept on disk, together
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
    grain=0.5,
)  # every fault often enough to be learned
FOCUS = Recipe(
    size=256,
    defocus=0.92,
    close=0.45,
    grain=0.85,
    plain=0.65,
    saturate=0.03,
    motion=0.0,
    uneven=0.03,
    bubble=0.0,
    debris=0.03,
    empty=0.0,
    dim=0.03,
    noise=0.2,
    invert=0.0,
)  # hardly anything but defocus
AS_IT_IS = Recipe(
    defocus=0.0,
    noise=0.0,
    dim=0.0,
    saturate=0.0,
    uneven=0.0,
    bubble=0.0,
    debris=0.0,
    motion=0.0,
    empty=0.0,
    invert=0.0,
    plain=1.0,
)
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
)  # of which half of the other samples have one; motion is the hardest to tell
FOCUSED = 0.8  # share of samples for focus
UNTOUCHED = 0.6  # of these, of pictures that were taken at a known defocus
NATIVE = 0.75  # share of samples at the picture's own scale, as a judge sees it
SHARES = (
    0.5,
    0.3,
)  # of real outlined fluorescence, and of simulated pictures; the rest share alike


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
    return Recipe(invert=0.0, noise=0.3, grain=0.5, **odds)  # type: ignore[arg-type]


def recipe_of(rng: Generator, brick: Brick) -> Recipe:
    """What is done to a picture."""
    side = min(brick.image.shape[:2])
    native = bool(rng.random() < NATIVE)
    size = min(512 if native else 256, side // 32 * 32)
    if rng.random() < FOCUSED and brick.relative_blur is not None:
        touched = not brick.relative_blur or rng.random() >= UNTOUCHED
        recipe = FOCUS if touched else AS_IT_IS
    else:
        recipe = SPOILED if rng.random() < 0.5 else one_fault(str(rng.choice(FAULTS)))
    scale = (1.0, 1.0) if native or recipe is AS_IT_IS else (0.7, 2.0)
    return replace(recipe, size=max(size, 64), scale=scale)


def drawn(pictures: Sequence[Prepared], rng: Generator) -> Callable[[], Prepared]:
    """One picture after the other: kinds in the shares that are wanted."""
    kinds: dict[str, list[Prepared]] = {}
    for picture in pictures:
        kinds.setdefault(_kind(picture.brick), []).append(picture)
    names = sorted(kinds)
    fixed = {"real": SHARES[0], "simulator": SHARES[1]}
    others = max(sum(name not in fixed for name in names), 1)
    odds = np.array([fixed.get(name, (1 - sum(SHARES)) / others) for name in names])

    def one() -> Prepared:
        own = kinds[names[int(rng.choice(len(names), p=odds / odds.sum()))]]
        return own[int(rng.integers(len(own)))]

    return one


def _kind(brick: Brick) -> str:
    source = brick.provenance.source
    if source == "simulator":
        return source
    if brick.labels is not None and brick.modality == "fluorescence" and not brick.phases_known:
        return "real"
    return f"{source} {brick.modality}"


def examples(
    loaded: Loaded,
    pictures: Sequence[Prepared],
    count: int,
    seed: int = 4,
    folder: Path | None = None,
) -> Examples:
    """Spoil pictures and look at them. With `folder`, what was made before is read from it.

    The folder is for one model and one set of pictures.
    """
    chunks = []
    for number in range(-(-count // CHUNK)):
        place = folder / f"gauges-{seed}-{number:04d}.npz" if folder is not None else None
        if place is not None and place.is_file():
            chunks.append(_read(place))
            continue
        rng = np.random.default_rng([seed, number])
        chunks.append(_made(loaded, pictures, CHUNK, rng))
        if place is not None:
            _write(place, chunks[-1])
    return together(chunks, count)


def together(chunks: Sequence[Examples], count: int) -> Examples:
    """One after the other, the first `count` of them."""
    names = [field.name for field in fields(Examples)]
    return Examples(*(torch.cat([getattr(c, name) for c in chunks])[:count] for name in names))


@torch.inference_mode()
def _made(loaded: Loaded, pictures: Sequence[Prepared], count: int, rng: Generator) -> Examples:
    one = drawn(pictures, rng)
    features, blur, focus, flags = [], [], [], []
    queries = loaded.model.queries[:, :1]
    for _ in range(count):
        picture = one()
        spoiled = spoil(picture, rng, recipe_of(rng, picture.brick))
        image = spoiled.image if spoiled.image.shape[2] > 1 else spoiled.image[..., 0]
        seen = look(loaded.model.pixels, image, queries, spoiled.pixel_um)
        measures = torch.from_numpy(measure(image, seen.foreground))[None]
        sight = seen.sights[seen.sharpest]
        features.append(joined(sight.readings, sight.numbers, measures)[0])
        known = spoiled.sample.blur >= 0
        blur.append(np.log2(spoiled.sample.blur + BLUR_FLOOR) if known else np.nan)
        focus.append(spoiled.sample.focus)
        flags.append(spoiled.sample.flags)
    return Examples(
        torch.stack(features).clone(),
        torch.tensor(np.array(blur), dtype=torch.float32),
        torch.tensor(focus),
        torch.from_numpy(np.stack(flags)),
    )


def _write(place: Path, chunk: Examples) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part.npz")
    np.savez(part, **{field.name: getattr(chunk, field.name).numpy() for field in fields(Examples)})
    part.rename(place)


def _read(place: Path) -> Examples:
    with np.load(place, allow_pickle=False) as file:
        return Examples(*(torch.from_numpy(file[field.name]) for field in fields(Examples)))
