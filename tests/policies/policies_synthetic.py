"""Small fluorescence scenes with known content, painted with numpy."""

from __future__ import annotations

import numpy as np
import useq
from numpy.typing import NDArray
from scipy import ndimage

from hardware.data import Frame, FrameKey, FrameMeta

Array = NDArray[np.float64]
INTERPHASE = 500.0  # brightness of a median nucleus over background, grey levels
BACKGROUND = 120.0


class Scene:
    """A dark field to put chromatin into. Lengths in um, brightness in grey levels."""

    def __init__(self, size: int = 256, pixel_um: float = 0.5, seed: int = 0) -> None:
        self.pixel_um = pixel_um
        self.rng = np.random.default_rng(seed)
        self.light: Array = np.zeros((size, size))
        self.rows, self.cols = np.mgrid[0:size, 0:size] * pixel_um
        self.nuclei = 0

    @property
    def side_um(self) -> float:
        return self.light.shape[0] * self.pixel_um

    def blob(
        self,
        x: float,
        y: float,
        long: float,
        short: float,
        brightness: float,
        *,
        angle: float = 0.0,
        grain: float = 0.15,
        grain_um: float = 1.0,
    ) -> None:
        """An ellipse (whole axes `long`, `short`) centred on x, y with a grainy inside."""
        dx, dy = self.cols - x, self.rows - y
        u = dx * np.cos(angle) + dy * np.sin(angle)
        v = -dx * np.sin(angle) + dy * np.cos(angle)
        inside = (2 * u / long) ** 2 + (2 * v / short) ** 2 <= 1.0
        noise = ndimage.gaussian_filter(
            self.rng.standard_normal(self.light.shape), grain_um / self.pixel_um
        )
        texture = 1.0 + grain * noise / noise.std()
        self.light += inside * brightness * texture.clip(0.2)

    def nucleus(self, x: float, y: float, brightness: float = 1.0) -> None:
        """An interphase nucleus of about 16 x 13 um."""
        self.nuclei += 1
        self.blob(
            x, y, self.rng.normal(16, 1), self.rng.normal(13, 0.8),
            brightness * INTERPHASE, angle=self.rng.uniform(0, np.pi),
        )  # fmt: skip

    def grid(self, spacing: float = 30.0, skip: tuple[tuple[int, int], ...] = ()) -> None:
        """Nuclei on a jittered grid; `skip` leaves places (column, row) free."""
        steps = int((self.side_um - 20) // spacing) + 1
        for j in range(steps):
            for i in range(steps):
                if (i, j) not in skip:
                    x, y = self.at(i, j, spacing)
                    jitter = self.rng.uniform(-3, 3, 2)
                    self.nucleus(x + jitter[0], y + jitter[1], self.rng.uniform(0.8, 1.2))

    @staticmethod
    def at(i: int, j: int, spacing: float = 30.0) -> tuple[float, float]:
        """Centre of a place of the grid, um from the corner."""
        return 20 + i * spacing, 20 + j * spacing

    def metaphase(self, x: float, y: float, angle: float = 0.4) -> None:
        self.blob(x, y, 12, 4, 3.0 * INTERPHASE, angle=angle)

    def anaphase(self, x: float, y: float, angle: float = 0.4, gap: float = 9.0) -> None:
        across = angle + np.pi / 2
        for side in (-0.5, 0.5):
            self.blob(
                x + side * gap * np.cos(across), y + side * gap * np.sin(across),
                10, 3.5, 2.5 * INTERPHASE, angle=angle,
            )  # fmt: skip

    def dead(self, x: float, y: float) -> None:
        """A pyknotic nucleus: small, round, very bright."""
        self.blob(x, y, 7, 7, 4.0 * INTERPHASE, grain=0.05)

    def image(
        self, *, blur_um: float = 0.6, noise: float = 5.0, dtype: str = "uint16", gain: float = 1.0
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """As a camera sees it: Gaussian blur, shot and read noise, clipped to the dtype."""
        light = ndimage.gaussian_filter(self.light, blur_um / self.pixel_um) * gain
        light = self.rng.poisson(np.clip(light + BACKGROUND, 0, None)).astype(float)
        light += self.rng.normal(0, noise, light.shape)
        top = np.iinfo(dtype).max
        return np.clip(light, 0, top).astype(dtype)


def frame(
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    pixel_um: float = 0.5,
    channel: str = "DAPI",
    c: int = 0,
    z: int = 0,
    index: int = 0,
    x_um: float = 1000.0,
    y_um: float = -500.0,
) -> Frame:
    """Wrap pixels as a frame of visit 7 at field A1."""
    return Frame(
        visit_id=7,
        index=index,
        key=FrameKey(fov="A1", t=0, c=c, z=z),
        pixels=pixels,
        event=useq.MDAEvent(channel=channel, index={"t": 0, "c": c, "z": z}),
        meta=FrameMeta(
            time_s=60.0,
            utc="2026-11-23T00:01:00Z",
            x_um=x_um,
            y_um=y_um,
            z_um=float(z),
            exposure_ms=20.0,
            channel=channel,
            objective="20X",
            pixel_size_um=pixel_um,
        ),
    )
