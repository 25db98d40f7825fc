"""What a folder of recorded images holds, as one frozen description."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.replay.errors import ReplayError
from sim.replay.fields import RecordedField, numbered_fields, single_fields, table_fields
from sim.replay.files import find, selected
from sim.replay.reader import PlaneReader, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sim.replay.image import ImageInfo

LONGEST_NAME = 60
BY_SIZE = re.compile(r"(\d+)x(\d+)")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Fields of view that can be replayed together.

    Attributes
    ----------
    fields : at least one; all of one size, dtype and number of channels and planes.
    n_t : time points that every field has.
    n_z, z_step_um : planes of a stack; the step is None where the metadata do not give it.
    channels : as the recording names them, "" where it does not.
    height, width, dtype : of every plane; "uint8" or "uint16".
    pixel_size_um : from the metadata; None where they do not give one with a real unit.
    notes : for people: what was assumed, converted or left out.
    """

    fields: tuple[RecordedField, ...]
    n_t: int
    n_z: int
    z_step_um: float | None
    channels: tuple[str, ...]
    height: int
    width: int
    dtype: str
    pixel_size_um: float | None
    notes: tuple[str, ...]


def scan(
    images: Path,
    *,
    select: str | None = None,
    limit: int | None = None,
    as_series: bool | None = None,
) -> Catalogue:
    """Describe the recorded images at `images`: a file, an OME-Zarr image, or a folder.

    One image is one field of view. Several time points are one field: a multi-page TIFF, files
    numbered without a gap (three or more of one size), or rows of `meta.csv` with one sequence.
    Folders and files of labels or masks are ignored.

    Parameters
    ----------
    select : a glob on names or paths, or WIDTHxHEIGHT.
    limit : only the first so many fields.
    as_series : True takes every numbered group for time, False none; None decides as above.

    Raises
    ------
    ReplayError
        An image that cannot be read, or images that do not belong together.
    """
    if limit is not None and limit < 1:
        raise ReplayError(f"--limit {limit}: must be at least 1.")
    found = find(images)
    by_size = BY_SIZE.fullmatch(select) if select else None
    paths = selected(found, select) if select and not by_size else found.paths
    infos = [info for path in paths for info in probe(path)]
    if by_size:
        width, height = int(by_size[1]), int(by_size[2])
        infos = [info for info in infos if info.size == (height, width)]
        if not infos:
            raise ReplayError(f"--select {select}: no image in {found.root} has that size.")
    notes = [f"{found.truth} folders or files of labels or masks left out"] if found.truth else []
    fields = _fields(infos, found.root, found.meta, as_series)
    if limit is not None and len(fields) > limit:
        notes.append(f"the first {limit} of {len(fields)} fields")
        fields = fields[:limit]
    return _catalogue(_renamed(fields), notes)


def _fields(
    infos: Sequence[ImageInfo], root: Path, meta: Path | None, as_series: bool | None
) -> list[RecordedField]:
    if as_series is False:
        return single_fields(infos, root)
    fields = table_fields(infos, root, meta) if meta else None
    if fields is not None and (as_series is None or any(len(f.images) > 1 for f in fields)):
        return fields
    return numbered_fields(infos, root, forced=as_series is True)


def _catalogue(fields: Sequence[RecordedField], notes: list[str]) -> Catalogue:
    infos = [info for field in fields for info in field.all_images()]
    _all_alike(infos, "size", lambda i: f"{i.width} x {i.height}")
    _all_alike(infos, "depth", lambda i: "8 bit" if i.dtype == "uint8" else "16 bit")
    _all_alike(infos, "planes", lambda i: f"{i.n_z} z planes")
    _same_channels(fields)
    first = infos[0]
    series = [field for field in fields if len(field.images) > 1]
    if series:
        files = sum(len(field.images) for field in series)
        names = ", ".join(field.name for field in series[:3]) + (", ..." if series[3:] else "")
        fields_in_time = "1 field" if len(series) == 1 else f"{len(series)} fields"
        notes.append(f"{files} time points in files of their own make {fields_in_time} ({names})")
    n_t = min(field.n_t for field in fields)
    most = max(field.n_t for field in fields)
    if most > n_t:
        notes.append(
            f"fields have {n_t} to {most} time points; the first {n_t} of each are replayed "
            "(select the longer ones to see more)"
        )
    colour = sum(info.colour for info in infos)
    if colour:
        notes.append(f"{colour} colour images turned to grey by luminance (ITU-R BT.709)")
    _check_values(infos)
    return Catalogue(
        fields=tuple(fields),
        n_t=n_t,
        n_z=first.n_z,
        z_step_um=_common([i.z_step_um for i in infos]),
        channels=fields[0].channels,
        height=first.height,
        width=first.width,
        dtype=first.dtype,
        pixel_size_um=_pixel_size(infos),
        notes=tuple(notes),
    )


def _all_alike(infos: Sequence[ImageInfo], what: str, show: Callable[[ImageInfo], str]) -> None:
    """Images of one replay go through one camera: the same size and depth for all."""
    first = infos[0]
    other = next((info for info in infos if show(info) != show(first)), None)
    if other is None:
        return
    common, n = Counter(show(info) for info in infos).most_common(1)[0]
    choose = f"--select {common.replace(' ', '')} takes {n} of {len(infos)}"
    raise ReplayError(
        f"mixed {what}: {first} is {show(first)}, {other} is {show(other)}. "
        f"Use --select ({choose if what == 'size' else 'a glob on their names'}) "
        "or separate folders."
    )


def _same_channels(fields: Sequence[RecordedField]) -> None:
    first = fields[0]
    for field in fields:
        if len(field.channels) != len(first.channels):
            raise ReplayError(
                f"mixed channels: {first.first} has {len(first.channels)}, {field.first} has "
                f"{len(field.channels)}. Use --select or separate folders."
            )


def _pixel_size(infos: Sequence[ImageInfo]) -> float | None:
    """The one pixel size that all images state; None as soon as one does not."""
    first = infos[0]
    if any(info.pixel_size_um is None for info in infos):
        return None
    for info in infos:
        a, b = first.pixel_size_um or 0.0, info.pixel_size_um or 0.0
        if abs(a - b) > 0.001 * a:
            raise ReplayError(
                f"mixed pixel sizes: {first} has {a:g} um, {info} has {b:g} um. "
                "Use --select or separate folders."
            )
    return first.pixel_size_um


def _common(values: Sequence[float | None]) -> float | None:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None


def _check_values(infos: Sequence[ImageInfo]) -> None:
    """Decode one plane of what may turn out not to be camera counts, before anything starts."""
    reader = PlaneReader()
    try:
        for info in infos:
            if info.stored not in ("uint8", "uint16") or info.path.suffix.lower() != ".png":
                reader.read(info, 0, 0, 0)
    finally:
        reader.close()


def _renamed(fields: Sequence[RecordedField]) -> list[RecordedField]:
    """Names that are safe as file names and unique, also where case does not count."""
    taken: set[str] = set()
    renamed = []
    for field in fields:
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", field.name).strip("._")[:LONGEST_NAME] or "field"
        unique, n = name, 2
        while unique.lower() in taken:
            unique, n = f"{name}_{n}", n + 1
        taken.add(unique.lower())
        renamed.append(RecordedField(unique, field.images))
    return renamed
