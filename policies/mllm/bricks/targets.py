"""What the dense head learns from instance labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIM_PX = 2.0  # a pixel this near to another object is rim


def centre_distance(labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Distance to the own rim over the largest one inside the object, times 255; 0 outside."""
    out = np.zeros(labels.shape, np.uint8)
    for label, place in enumerate(ndimage.find_objects(labels), start=1):
        if place is None:
            continue
        inside = np.pad(labels[place] == label, 1)
        distance = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
        region = out[place]
        np.maximum(
            region, np.uint8(255) * (distance / distance.max()), out=region, casting="unsafe"
        )
    return out


def rims(labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """255 where two objects are within `RIM_PX` of each other, else 0."""
    width = 2 * math.ceil(RIM_PX) + 1
    highest = ndimage.maximum_filter(labels, width)
    lowest = ndimage.minimum_filter(np.where(labels == 0, 65535, labels).astype(np.uint16), width)
    near = (highest > 0) & (lowest < 65535) & (highest != lowest)
    return np.where(near, np.uint8(255), np.uint8(0))


def typical_radius(labels: NDArray[np.uint16]) -> float | None:
    """Median over objects of sqrt(area / pi), in pixels; None without objects."""
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    return float(np.sqrt(np.median(areas) / math.pi)) if len(areas) else None
