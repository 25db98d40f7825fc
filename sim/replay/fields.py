"""From images to fields of view: single images, numbered series, and what meta.csv says."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from sim.replay.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sim.replay.image import ImageInfo

SHORTEST_SERIES = 3
NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True, slots=True)
class RecordedField:
    """One field of view. `images` is by time point, then by channel, when these are files of
    their own; a single image may hold several time points and channels itself.
    """

    name: str
    images: tuple[tuple[ImageInfo, ...], ...]

    @property
    def first(self) -> ImageInfo:
        """The image of the first time point and channel."""
        return self.images[0][0]

    @property
    def n_t(self) -> int:
        """Time points."""
        return len(self.images) if len(self.images) > 1 else self.first.n_t

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels; "" where nobody named one."""
        if len(self.images[0]) == 1:
            return self.first.channels
        return tuple(image.channels[0] for image in self.images[0])

    def plane(self, t: int, c: int, z: int) -> tuple[ImageInfo, int, int, int]:
        """Which image holds the plane, and its indices there."""
        row = self.images[t] if len(self.images) > 1 else self.images[0]
        image = row[c] if len(row) > 1 else row[0]
        return image, 0 if len(self.images) > 1 else t, 0 if len(row) > 1 else c, z

    def all_images(self) -> Iterable[ImageInfo]:
        """Every image of the field."""
        return (image for row in self.images for image in row)


def single_fields(images: Sequence[ImageInfo], root: Path) -> list[RecordedField]:
    """Each image is a field of view."""
    return [RecordedField(_name(image, root), ((image,),)) for image in images]


def numbered_fields(
    images: Sequence[ImageInfo], root: Path, *, forced: bool
) -> list[RecordedField]:
    """Turn images with consecutive numbers and the same size into one field in time.

    `forced` takes what is numbered at all: gaps, two images, several sizes (which then fail).
    """
    groups: dict[tuple[Path, str, str], list[tuple[int, ImageInfo]]] = defaultdict(list)
    fields: list[RecordedField] = []
    for image in images:
        match = NUMBERED.fullmatch(_stem(image.path))
        if match and image.n_t == 1 and image.part == 0:
            key = (image.path.parent, match[1], image.path.suffix.lower())
            groups[key].append((int(match[2]), image))
        else:
            fields += single_fields([image], root)
    for (folder, prefix, _), members in groups.items():
        members.sort(key=lambda member: member[0])
        series = [image for _, image in members]
        if _is_series([number for number, _ in members], series, forced=forced):
            name = prefix.strip(" _-.")
            name = name if len(name) > 1 else _folder_name(folder)  # "t000": the folder says more
            where = folder.relative_to(root).parts
            fields.append(
                RecordedField("_".join((*where, name)), tuple((image,) for image in series))
            )
        else:
            fields += single_fields(series, root)
    return _in_order(fields, images)


def _is_series(numbers: Sequence[int], images: Sequence[ImageInfo], *, forced: bool) -> bool:
    distinct = len(set(numbers)) == len(numbers)
    if forced:
        return len(images) > 1 and distinct
    alike = {(i.size, i.dtype, i.channels, i.n_z, i.colour) for i in images}
    return (
        len(images) >= SHORTEST_SERIES
        and all(b == a + 1 for a, b in pairwise(numbers))
        and len(alike) == 1
    )


def table_fields(images: Sequence[ImageInfo], root: Path, meta: Path) -> list[RecordedField] | None:
    """What `meta.csv` says (columns image, sequence, frame, and channel if there are several).

    Rows with the same sequence are one field in time; rows without are a field each. A table
    without the columns sequence and frame describes single images. None: no table of images.
    """
    rows = _rows(meta)
    if rows is None:
        return None
    by_path = {image.path.resolve(): image for image in images if image.part == 0}
    sequences: dict[str, list[tuple[int, str, ImageInfo]]] = defaultdict(list)
    used: set[ImageInfo] = set()
    for number, row in enumerate(rows, start=2):
        image = by_path.get((meta.parent / row["image"]).resolve())
        sequence = (row.get("sequence") or "").strip()
        if image is None or not sequence:  # not selected, or a field of its own
            continue
        try:
            frame = _whole(row["frame"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ReplayError(
                f"{meta}: line {number}: frame {row.get('frame')!r} of sequence {sequence!r} is "
                "not a whole number. Correct the table, or remove it."
            ) from None
        sequences[sequence].append((frame, (row.get("channel") or "").strip(), image))
        used.add(image)
    fields = [_sequence(name, members, meta) for name, members in sequences.items()]
    fields += single_fields([image for image in images if image not in used], root)
    return _in_order(fields, images)


def _in_order(fields: list[RecordedField], images: Sequence[ImageInfo]) -> list[RecordedField]:
    """Fields in the order of the first of their images."""
    order = {(image.path, image.part): i for i, image in enumerate(images)}
    return sorted(fields, key=lambda f: min(order[i.path, i.part] for i in f.all_images()))


def _rows(meta: Path) -> list[dict[str, str]] | None:
    try:
        with meta.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReplayError(f"{meta}: cannot be read as a table ({error}).") from error
    return rows if reader.fieldnames and "image" in reader.fieldnames else None


def _sequence(
    name: str, members: Sequence[tuple[int, str, ImageInfo]], meta: Path
) -> RecordedField:
    """One field in time; several images of one frame are its channels, which must be named."""
    frames = Counter(frame for frame, _, _ in members)
    names = list(dict.fromkeys(channel for _, channel, _ in members))  # in the table's order
    several = max(frames.values()) > 1
    if several and (len(members) != len(frames) * len(names) or len(set(frames.values())) > 1):
        worst = frames.most_common()[-1][0]
        raise ReplayError(
            f"{meta}: sequence {name!r}: frame {worst} does not have one image per channel "
            f"({', '.join(c or 'unnamed' for c in names)}). Correct the table, or --select one."
        )
    rows = []
    for frame in sorted(frames):
        mine = sorted((m for m in members if m[0] == frame), key=lambda m: names.index(m[1]))
        rows.append(tuple(_named(image, channel) for _, channel, image in mine))
    return RecordedField(name, tuple(rows))


def _whole(text: str) -> int:
    """A whole number, also as spreadsheets write it ("8.0")."""
    value = float(text)
    if not value.is_integer():
        raise ValueError(text)
    return int(value)


def _named(image: ImageInfo, channel: str) -> ImageInfo:
    return replace(image, channels=(channel,)) if len(image.channels) == 1 else image


def _name(image: ImageInfo, root: Path) -> str:
    parts = (*image.path.relative_to(root).parts[:-1], _stem(image.path))
    return "_".join(parts) + (f"_{image.part + 1}" if image.part else "")


def _stem(path: Path) -> str:
    """Name without suffix, .ome.tif and .ome.zarr included."""
    return path.stem.removesuffix(".ome")


def _folder_name(folder: Path) -> str:
    return folder.resolve().parent.name if folder.name == "images" else folder.resolve().name
