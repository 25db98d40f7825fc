"""A frame made ready to measure: binned to about 1 um, background subtracted, noise known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.classical.background import fit_background

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hardware.data.frame import Pixels

    Image = NDArray[np.float32]

WORK_UM = 1.0  # finer pixels are binned up to this size: enough for nuclei, and fast
SMOOTH_UM = 1.0  # Gaussian sigma of `smooth`
SAMPLE_ROWS = 64  # noise and background level are read from about so many rows


@dataclass(frozen=True, slots=True)
class Field:
    """One frame at working resolution. Brightness in grey levels over background.

    Attributes
    ----------
    pixels : the frame itself.
    image : (rows, columns) float32, background subtracted.
    smooth : `image` after a Gaussian of `SMOOTH_UM`.
    surface : the background that was subtracted.
    um : edge of a working pixel in the sample.
    factor : camera pixels per working pixel, along one edge.
    noise : standard deviation of `image` where there is no object.
    smooth_noise : the same for `smooth`.
    ripple : how far the background lies from the fitted surface (standard deviation).
    background : median grey level of the background.
    tilt : spread of the background over the field (95 % - 5 %) relative to its median.
    """

    pixels: Pixels
    image: Image
    smooth: Image
    surface: Image
    um: float
    factor: int
    noise: float
    smooth_noise: float
    ripple: float
    background: float
    tilt: float


def prepare(pixels: Pixels, pixel_size_um: float) -> Field:
    """Bin, subtract the background and measure the noise of a 2-D frame (uint8 or uint16)."""
    from scipy import ndimage

    factor = max(1, int(WORK_UM / pixel_size_um + 1e-6))
    factor = min(factor, max(1, min(pixels.shape) // 16))
    binned = bin_pixels(pixels, factor)
    um = pixel_size_um * factor
    under = fit_background(binned, um)
    surface = under.surface
    image = binned - surface
    smooth = ndimage.gaussian_filter(image, SMOOTH_UM / um)
    noise = _noise(image, smooth)
    offset = np.float32(_level(smooth, 3.0 * noise))
    low, median, high = np.quantile(surface[::16, ::16], [0.05, 0.5, 0.95])
    return Field(
        pixels=pixels,
        image=image - offset,
        smooth=smooth - offset,
        surface=surface + offset,
        um=um,
        factor=factor,
        noise=noise,
        smooth_noise=_noise_after(noise, SMOOTH_UM / um),
        ripple=under.ripple,
        background=float(median + offset),
        tilt=float((high - low) / max(float(median), 1.0)),
    )


def bin_pixels(pixels: Pixels, factor: int) -> Image:
    """Mean over `factor` x `factor` camera pixels; rows and columns left over are dropped."""
    rows, cols = (length // factor * factor for length in pixels.shape)
    source = pixels[:rows, :cols].astype(np.float32)
    if factor == 1:
        return source
    down = sum((source[i::factor] for i in range(1, factor)), start=source[::factor])
    both = sum((down[:, i::factor] for i in range(1, factor)), start=down[:, ::factor])
    result: Image = both * np.float32(1.0 / factor**2)
    return result


def _noise(image: Image, smooth: Image) -> float:
    """Standard deviation of the pixel noise in the darker half of the field.

    From differences of neighbours two pixels apart (robust: median absolute deviation), so that
    slow brightness changes do not count.
    """
    rows = slice(None, None, max(1, image.shape[0] // SAMPLE_ROWS))
    dark = smooth[rows, 1:-1] <= np.median(smooth[rows, ::4])
    differences = (image[rows, 2:] - image[rows, :-2])[dark]
    if not differences.size:
        return 0.0
    return float(np.median(np.abs(differences))) * 1.4826 / math.sqrt(2.0)


def _noise_after(noise: float, sigma_px: float) -> float:
    """White noise after a Gaussian: sd / (2 sqrt(pi) sigma), for sigma of a pixel or so."""
    return noise / max(1.0, 2.0 * math.sqrt(math.pi) * sigma_px)


def _level(smooth: Image, reach: float) -> float:
    """Most common brightness near the background surface: what the low quantile missed."""
    sample = smooth[:: max(1, smooth.shape[0] // SAMPLE_ROWS)].ravel()
    low = float(np.partition(sample, sample.size // 5)[sample.size // 5])
    near = sample[np.abs(sample - low) <= max(reach, 1e-6)]
    return float(np.median(near)) if near.size else low
