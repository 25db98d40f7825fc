"""What all frames of an image have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.store.errors import StoreError


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """Shape and scale of the images of a run; the time axis grows.

    Attributes
    ----------
    channels : presets in the order of the c axis.
    n_z, z_step_um : planes of a stack and their distance (um); None where there is no stack.
    height, width : of a frame, in pixels.
    dtype : "uint8" or "uint16".
    pixel_size_um : edge of one camera pixel in the sample.
    interval_s : nominal interval between time points, None when there is none.
    """

    channels: tuple[str, ...]
    n_z: int
    z_step_um: float | None
    height: int
    width: int
    dtype: str
    pixel_size_um: float
    interval_s: float | None

    def __post_init__(self) -> None:
        checks = {
            "channels": bool(self.channels) and len(set(self.channels)) == len(self.channels),
            "n_z": self.n_z >= 1,
            "z_step_um": self.z_step_um is None or _positive(self.z_step_um),
            "height": self.height >= 1,
            "width": self.width >= 1,
            "dtype": self.dtype in ("uint8", "uint16"),
            "pixel_size_um": _positive(self.pixel_size_um),
            "interval_s": self.interval_s is None or _positive(self.interval_s),
        }
        for name, fine in checks.items():
            if not fine:
                raise StoreError(
                    f"image layout, {name}: {getattr(self, name)!r} cannot be stored. "
                    "Check the plan and what the camera reports."
                )


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def differences(old: ImageLayout, new: ImageLayout) -> list[str]:
    """Say in words where `new` does not fit an image made with `old`."""
    found = []
    for name in ImageLayout.__dataclass_fields__:
        a, b = getattr(old, name), getattr(new, name)
        same = math.isclose(a, b, rel_tol=1e-6) if _numbers(a, b) else a == b
        if not same:
            found.append(f"{name} is {a} on disk, {b} now")
    return found


def _numbers(a: object, b: object) -> bool:
    return all(isinstance(v, int | float) for v in (a, b))
