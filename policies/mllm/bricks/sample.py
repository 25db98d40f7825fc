"""A training sample: a window of a brick, resampled, degraded, normalised, with its targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from policies.measure.plateau import saturated_share
from policies.mllm.bricks import degrade
from policies.mllm.bricks.targets import centre_distance, rims
from policies.mllm.concepts import (
    FLAGS,
    FOCUS_STATES,
    MODALITIES,
    OUT_FROM,
    SOFT_FROM,
    PixelClass,
    focus_state,
)
from policies.mllm.pixels import noise_of, normalise
from policies.verdict import Flag, FocusState

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from policies.mllm.bricks.brick import Brick

UNKNOWN = -1.0
TYPICAL_RADIUS_PX = 12.0  # where nobody outlined objects
SATURATED_SHARE = 2e-3  # of the pixels: from here on an image is called saturated
DIM_BELOW, NOT_DIM_FROM = 2.5, 5.0  # contrast over noise; between the two nobody is asked
CLOSE = (0.05, 0.32)  # relative blur near the bounds of the states
RADIUS_PX = (5.0, 32.0)  # objects are kept between these sizes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A brick with the maps that its windows are cut from."""

    brick: Brick
    distance: NDArray[np.uint8]
    rim: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of side s. Maps are at stride 2 (s/2, s/2).

    Attributes
    ----------
    pixels, numbers : what the tower sees.
    labels : int32 instance ids. distance, rim, foreground : float32 in 0..1.
    classes : uint8 of `PixelClass`. bubble : float32 mask.
    outlined : whether labels and foreground are known.
    phases_known : whether mitotic and dead cells would be told apart.
    blur : relative blur, or -1. focus : index of `FOCUS_STATES`, or -1.
    flags : (flags,) 1, 0 or -1 where unknown. modality : index, or -1.
    """

    pixels: NDArray[np.float32]
    numbers: NDArray[np.float32]
    labels: NDArray[np.int32]
    foreground: NDArray[np.float32]
    distance: NDArray[np.float32]
    rim: NDArray[np.float32]
    classes: NDArray[np.uint8]
    bubble: NDArray[np.float32]
    outlined: bool
    phases_known: bool
    blur: float
    focus: int
    flags: NDArray[np.float32]
    modality: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """How often samples are degraded, and how much. `size` is their side in pixels.

    `close`: share of the defocus that is drawn near the bounds between two states. `grain`: how
    often a defocused sample gets the camera's noise back. `plain`: share of samples with the
    counts that they have, instead of another gain and bit depth.
    """

    size: int = 192
    defocus: float = 0.30
    noise: float = 0.35
    dim: float = 0.06
    saturate: float = 0.07
    uneven: float = 0.10
    bubble: float = 0.06
    debris: float = 0.12
    motion: float = 0.07
    empty: float = 0.02
    invert: float = 0.02
    scale: tuple[float, float] = (0.7, 2.4)
    close: float = 0.0
    grain: float = 0.0
    plain: float = 0.35


def prepare(brick: Brick) -> Prepared:
    """Targets of the whole picture, made once."""
    if brick.labels is None:
        nothing = np.zeros(brick.image.shape[:2], np.uint8)
        return Prepared(brick, nothing, nothing)
    return Prepared(brick, centre_distance(brick.labels), rims(brick.labels))


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A sample before its normalisation: (s, s, c) float32 counts, and the edge of a pixel."""

    image: NDArray[np.float32]
    pixel_um: float | None
    sample: Sample


def draw(prepared: Prepared, rng: Generator, recipe: Recipe) -> Sample:
    """One random sample of a picture."""
    return spoil(prepared, rng, recipe).sample


def spoil(prepared: Prepared, rng: Generator, recipe: Recipe) -> Spoiled:
    """One random sample of a picture, and the counts that it was made from."""
    brick = prepared.brick
    size = recipe.size
    scale = _scale(brick, rng, recipe)
    window = max(8, min(round(size / scale), *brick.image.shape[:2]))
    top = int(rng.integers(0, brick.image.shape[0] - window + 1))
    left = int(rng.integers(0, brick.image.shape[1] - window + 1))
    turn = (int(rng.integers(0, 4)), bool(rng.random() < 0.5))

    def cut(plane: NDArray[Any]) -> NDArray[Any]:
        part = np.rot90(plane[top : top + window, left : left + window], turn[0])
        return np.ascontiguousarray(part[:, ::-1] if turn[1] else part)

    scale = size / window
    image = _resized(cut(brick.image if brick.image.ndim == 3 else brick.image[..., None]), size)
    half = size // 2
    classes = _nearest(cut(brick.classes), half)
    labels = np.zeros((half, half), np.int32)
    foreground = np.zeros((half, half), np.float32)
    if brick.labels is not None:
        own = cut(brick.labels)
        labels = _nearest(own.astype(np.int32), half)
        foreground = _resized((own > 0).astype(np.float32)[..., None], half)[..., 0]
    distance = _resized(cut(prepared.distance)[..., None], half)[..., 0] / 255.0
    rim = _resized(cut(prepared.rim)[..., None], half)[..., 0] / 255.0
    bubble = np.zeros((half, half), np.float32)
    if brick.bubble is not None:
        bubble = _resized(cut(brick.bubble).astype(np.float32)[..., None], half)[..., 0]
    return _degraded(
        brick, rng, recipe, scale, image, labels, foreground, distance, rim, classes, bubble
    )


def _scale(brick: Brick, rng: Generator, recipe: Recipe) -> float:
    """Pixels of the sample per pixel of the picture."""
    scale = float(np.exp(rng.uniform(*np.log(recipe.scale))))
    if brick.radius_px is not None:
        scale = float(
            np.clip(scale, RADIUS_PX[0] / brick.radius_px, RADIUS_PX[1] / brick.radius_px)
        )
    return max(scale, recipe.size / int(min(brick.image.shape[:2])))


def _resized(image: NDArray[Any], size: int) -> NDArray[np.float32]:
    """(h, w, c) -> (size, size, c) float32, bilinear with antialiasing."""
    planes = torch.from_numpy(np.moveaxis(image.astype(np.float32), 2, 0).copy())[None]
    if planes.shape[-1] == size:
        return np.moveaxis(planes[0].numpy(), 0, 2).copy()
    small = planes.shape[-1] > size
    out = F.interpolate(planes, (size, size), mode="bilinear", align_corners=False, antialias=small)
    return np.moveaxis(out[0].numpy(), 0, 2).copy()


def _nearest(plane: NDArray[Any], size: int) -> NDArray[Any]:
    at = np.minimum(
        ((np.arange(size) + 0.5) * plane.shape[0] / size).astype(int), plane.shape[0] - 1
    )
    return np.ascontiguousarray(plane[np.ix_(at, at)])


def _degraded(  # noqa: PLR0915 - one choice after the other, in the order of the light path
    brick: Brick,
    rng: Generator,
    recipe: Recipe,
    scale: float,
    image: NDArray[np.float32],
    labels: NDArray[np.int32],
    foreground: NDArray[np.float32],
    distance: NDArray[np.float32],
    rim: NDArray[np.float32],
    classes: NDArray[np.uint8],
    bubble: NDArray[np.float32],
) -> Spoiled:
    radius = (brick.radius_px or TYPICAL_RADIUS_PX) * scale
    flags = dict.fromkeys(FLAGS, 0.0)
    blur = brick.relative_blur if brick.relative_blur is not None else UNKNOWN
    outlined = brick.labels is not None
    if rng.random() < recipe.invert:
        image = float(image.max()) + float(image.min()) - image
    if outlined and rng.random() < recipe.empty:
        image = degrade.empty(image, rng)
        labels, foreground = np.zeros_like(labels), np.zeros_like(foreground)
        distance, rim = np.zeros_like(distance), np.zeros_like(rim)
        classes, bubble = np.zeros_like(classes), np.zeros_like(bubble)
    if outlined:
        flags[Flag.EMPTY] = float(foreground.mean() < 4e-4)
    else:
        flags[Flag.EMPTY] = 0.0 if (classes == PixelClass.LAYER).any() else UNKNOWN
    nothing = flags[Flag.EMPTY] == 1
    if rng.random() < recipe.debris:
        count = 1 + int(rng.poisson(2))
        image, mask = degrade.debris(image, count, radius, rng)
        small = _nearest(mask, len(classes))
        classes = np.where(small & (foreground < 0.5), np.uint8(PixelClass.DEBRIS), classes)
    flags[Flag.DEBRIS] = float(np.count_nonzero(classes == PixelClass.DEBRIS) >= 3)
    if blur >= 0 and rng.random() < recipe.defocus:
        image, extra = _defocused(image, radius, rng, recipe)
        blur = math.hypot(blur, extra)
    if rng.random() < recipe.bubble:
        image, inside = degrade.bubble(image, float(rng.uniform(0.18, 0.6)) * len(image), rng)
        bubble = np.maximum(bubble, _nearest(inside, len(bubble)).astype(np.float32))
    flags[Flag.BUBBLE] = float(bubble.mean() > 0.01)
    if rng.random() < recipe.motion and not nothing:
        image = degrade.motion(image, float(rng.uniform(0.45, 1.5)) * radius, rng)
        flags[Flag.MOTION] = 1.0
    if rng.random() < recipe.uneven:
        depth = float(rng.uniform(0.15, 0.95))
        image = degrade.uneven(image, depth, rng)
        flags[Flag.UNEVEN] = 1.0 if depth > 0.55 else (UNKNOWN if depth > 0.3 else 0.0)
    image = _noisy(image, rng, recipe)
    flags[Flag.DIM] = _dim(image, foreground) if outlined and not nothing else UNKNOWN
    if rng.random() < recipe.saturate:
        image = degrade.saturate(image, float(np.exp(rng.uniform(np.log(0.004), np.log(0.2)))), rng)
    image = _digitised(image, rng, recipe.plain)
    share = saturated_share(image.max(axis=2))
    flags[Flag.SATURATED] = float(share > SATURATED_SHARE)
    focus = -1
    if nothing:
        focus, blur = FOCUS_STATES.index(FocusState.UNKNOWN), UNKNOWN
    elif blur >= 0 and flags[Flag.MOTION] == 0:
        focus = FOCUS_STATES.index(focus_state(blur))
        near = min(abs(blur - SOFT_FROM) / SOFT_FROM, abs(blur - OUT_FROM) / OUT_FROM)
        focus = -1 if near < 0.08 else focus
    pixel_um = brick.pixel_um / scale if brick.pixel_um and rng.random() < 0.8 else None
    pixels, numbers = normalise(image if image.shape[2] > 1 else image[..., 0], pixel_um)
    sample = Sample(
        pixels=pixels,
        numbers=numbers,
        labels=labels,
        foreground=foreground,
        distance=distance,
        rim=rim,
        classes=classes,
        bubble=bubble,
        outlined=outlined,
        phases_known=brick.phases_known or not outlined or nothing,
        blur=blur if flags[Flag.MOTION] == 0 else UNKNOWN,
        focus=focus,
        flags=np.array([flags[f] for f in FLAGS], np.float32),
        modality=MODALITIES.index(brick.modality) if brick.modality else -1,
    )
    return Spoiled(image, pixel_um, sample)


def _defocused(
    image: NDArray[np.float32], radius: float, rng: Generator, recipe: Recipe
) -> tuple[NDArray[np.float32], float]:
    """The image with more blur, and how much, over the radius of an object."""
    extra = _relative_blur(rng, recipe)
    soft = degrade.defocus(image, extra * radius, rng)
    if recipe.grain and rng.random() < recipe.grain:
        soft = degrade.grained(soft, image, rng)
    return soft, extra


def _relative_blur(rng: Generator, recipe: Recipe) -> float:
    """Sharp, soft and far out about equally often; some of it near a bound."""
    if recipe.close and rng.random() < recipe.close:
        return float(np.exp(rng.uniform(*np.log(CLOSE))))
    kind = rng.random()
    if kind < 0.25:
        return float(rng.uniform(0.0, SOFT_FROM))
    if kind < 0.6:
        return float(rng.uniform(SOFT_FROM, OUT_FROM))
    return float(np.exp(rng.uniform(np.log(OUT_FROM), np.log(0.9))))


def _noisy(image: NDArray[np.float32], rng: Generator, recipe: Recipe) -> NDArray[np.float32]:
    span = float(np.percentile(image, 99.5) - np.percentile(image, 2))
    if rng.random() < recipe.dim:
        return degrade.noise(image, span / float(rng.uniform(0.9, 3.0)), rng, 0.3)
    if rng.random() < recipe.noise:
        strength = float(np.exp(rng.uniform(np.log(0.005), np.log(0.18))))
        return degrade.noise(image, span * strength, rng, float(rng.uniform(0, 0.9)))
    return image


def _dim(image: NDArray[np.float32], foreground: NDArray[np.float32]) -> float:
    """Whether objects hardly stand out of the noise of their pixels."""
    grey = image.mean(axis=2)
    inside = foreground > 0.5
    if inside.sum() < 8:
        return UNKNOWN
    small = grey[::2, ::2][: inside.shape[0], : inside.shape[1]]
    contrast = abs(float(np.median(small[inside]) - np.median(small[foreground < 0.1])))
    ratio = contrast / max(noise_of(grey), 1e-6)
    if ratio < DIM_BELOW:
        return 1.0
    return 0.0 if ratio > NOT_DIM_FROM else UNKNOWN


def _digitised(image: NDArray[np.float32], rng: Generator, plain: float) -> NDArray[np.float32]:
    """Any gain, offset and bit depth that a camera may have."""
    kind = rng.random()
    if kind < plain:
        return np.rint(image)
    low, high = float(image.min()), float(image.max())
    bits = int(rng.choice([8, 10, 12, 14, 16]))
    top = (2**bits - 1) * float(np.exp(rng.uniform(np.log(0.03), np.log(0.98))))
    offset = float(rng.uniform(0, 0.1)) * top
    gamma = float(np.exp(rng.normal(0, 0.15))) if kind < plain + 0.4 * (1 - plain) else 1.0
    scaled = np.clip((image - low) / max(high - low, 1e-6), 0, 1) ** gamma
    return np.asarray(np.rint(offset + scaled * max(top - offset, 8)), np.float32)
