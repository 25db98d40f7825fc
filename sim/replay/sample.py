"""The recorded images as a sample on a stage: which pixels are seen where, when and at which z."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.replay.errors import ReplayError
from sim.replay.layout import middle, side_by_side, tiles
from sim.replay.reader import PlaneReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hardware.data import FieldOfView, StageLimits
    from sim.replay.catalogue import Catalogue

MOSAIC = 2  # an image this many sensors wide and high is a stage to move over
JUST_BEFORE_S = 1e-6  # a visit due at k intervals may start a rounding error earlier


class RecordedSample:
    """Recorded images laid out on the stage.

    Attributes
    ----------
    fovs : where to go to see them; neighbours do not overlap.
    height, width : of the camera's images, in pixels.
    n_z, z_step_um : planes that can be seen; without a known step only the middle one.
    mosaic : one large image, of which the camera sees a part.
    notes : for people.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        pixel_size_um: float,
        interval_s: float,
        stage: StageLimits,
        z_um: float,
        sensor: tuple[int, int],
    ) -> None:
        self._catalogue = catalogue
        self._pixel_um = pixel_size_um
        self._interval_s = interval_s
        self._stage = stage
        self._z_um = z_um
        self._reader = PlaneReader()
        fields = catalogue.fields
        self._fields = {field.name: field for field in fields}
        notes = []
        self.mosaic = len(fields) == 1 and (
            catalogue.height >= MOSAIC * sensor[0] and catalogue.width >= MOSAIC * sensor[1]
        )
        if self.mosaic:
            self.height, self.width = sensor
            rows, columns = catalogue.height // sensor[0], catalogue.width // sensor[1]
            size = (self.width * pixel_size_um, self.height * pixel_size_um)
            self.fovs = tiles(fields[0].name, rows, columns, *size, stage, z_um)
            notes.append(
                f"{fields[0].name}: a mosaic of {catalogue.width} x {catalogue.height} pixels, "
                f"seen through {rows * columns} fields of {sensor[1]} x {sensor[0]}"
            )
        else:
            self.height, self.width = catalogue.height, catalogue.width
            size = (self.width * pixel_size_um, self.height * pixel_size_um)
            self.fovs = side_by_side(tuple(self._fields), *size, stage, z_um)
        self.n_z = catalogue.n_z if catalogue.z_step_um else 1
        self.z_step_um = catalogue.z_step_um if self.n_z > 1 else None
        if self.n_z < catalogue.n_z:
            notes.append(
                f"z step not in the metadata: only the middle of {catalogue.n_z} planes is seen"
            )
        self.notes = tuple(notes)

    @property
    def z_offsets_um(self) -> tuple[float, ...]:
        """Where the recorded planes are, relative to a field's z."""
        step = self.z_step_um or 0.0
        return tuple((k - self.n_z // 2) * step for k in range(self.n_z))

    def look(self, x_um: float, y_um: float, z_um: float, c: int, time_s: float) -> NDArray[Any]:
        """Return what a camera sees there and then: (height, width), read-only.

        ReplayError where nothing was recorded: a replay can look only where a camera has looked.
        """
        t, z = self._time_index(time_s), self._z_index(z_um)
        if self.mosaic:
            field = self._catalogue.fields[0]
            top, left = self._corner(x_um, y_um)
            plane = self._reader.read(*field.plane(t, c, z))
            return plane[top : top + self.height, left : left + self.width]
        return self._reader.read(*self._fields[self._nearest(x_um, y_um).name].plane(t, c, z))

    def close(self) -> None:
        """Close the files."""
        self._reader.close()

    def _time_index(self, time_s: float) -> int:
        n_t = self._catalogue.n_t
        if n_t == 1:  # a still picture looks the same at all times
            return 0
        t = math.floor((time_s + JUST_BEFORE_S) / self._interval_s)
        if not 0 <= t < n_t:
            raise ReplayError(
                f"run time {time_s:g} s: the recording ends after {n_t} time points "
                f"({n_t * self._interval_s:g} s). Plan no visits after that."
            )
        return t

    def _z_index(self, z_um: float) -> int:
        if self.z_step_um is None:
            return self._catalogue.n_z // 2
        z = round((z_um - self._z_um) / self.z_step_um) + self.n_z // 2
        if not 0 <= z < self.n_z:
            offsets = self.z_offsets_um
            raise ReplayError(
                f"z = {z_um:g} um: planes were recorded from {self._z_um + offsets[0]:g} to "
                f"{self._z_um + offsets[-1]:g} um only."
            )
        return z

    def _nearest(self, x_um: float, y_um: float) -> FieldOfView:
        distances = ((math.dist((fov.x_um, fov.y_um), (x_um, y_um)), fov) for fov in self.fovs)
        distance, fov = min(distances, key=lambda pair: pair[0])
        if distance > max(self._stage.tolerance_xy_um, self._pixel_um):
            raise ReplayError(
                f"({x_um:g}, {y_um:g}) um: nothing was recorded there; the nearest field, "
                f"{fov.name}, is {distance:g} um away."
            )
        return fov

    def _corner(self, x_um: float, y_um: float) -> tuple[int, int]:
        """Top left pixel of the camera's view of the mosaic, whose middle is the stage's."""
        x0, y0 = middle(self._stage)
        catalogue = self._catalogue
        left = round((x_um - x0) / self._pixel_um + (catalogue.width - self.width) / 2)
        top = round((y_um - y0) / self._pixel_um + (catalogue.height - self.height) / 2)
        if not (
            0 <= left <= catalogue.width - self.width and 0 <= top <= catalogue.height - self.height
        ):
            raise ReplayError(
                f"({x_um:g}, {y_um:g}) um: outside of the mosaic {catalogue.fields[0].name}."
            )
        return top, left
