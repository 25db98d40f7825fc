"""Frames to bytes and back, and the answers of a worker."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from policies.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hardware.data import Frame

KINDS = "uifb"  # of numpy's dtypes that are plain numbers


class Answer(BaseModel):
    """What a worker says. Of the four, exactly what fits the question is set.

    Attributes
    ----------
    ready : the judge's name, once it is loaded.
    unavailable : why it cannot be loaded; the process ends.
    id, verdict, error : of a request: its number, and either a verdict or what the judge raised.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ready: str | None = Field(default=None, min_length=1, max_length=300)
    unavailable: str | None = Field(default=None, max_length=2000)
    id: int | None = None
    verdict: Verdict | None = None
    error: str | None = Field(default=None, max_length=2000)


@dataclass(frozen=True, slots=True)
class Request:
    """One visit to judge."""

    id: int
    target: str
    frames: tuple[Frame, ...]


def encode(id: int, frames: Sequence[Frame], target: str) -> tuple[bytes, list[memoryview]]:
    """A request as JSON and pixels. ValueError where pixels are no plain numbers.

    Events go without their sequence and metadata, which no judge looks at.
    """
    shown: list[dict[str, Any]] = []
    blobs: list[memoryview] = []
    for frame in frames:
        pixels = np.asarray(frame.pixels)
        if pixels.dtype.kind not in KINDS:
            raise ValueError(f"pixels are {pixels.dtype}, not numbers")
        shown.append(
            {
                "visit_id": frame.visit_id,
                "index": frame.index,
                "key": dataclasses.asdict(frame.key),
                "meta": dataclasses.asdict(frame.meta),
                "event": frame.event.model_dump(
                    mode="json", exclude={"sequence", "metadata"}, exclude_unset=True
                ),
                "dtype": pixels.dtype.str,
                "shape": pixels.shape,
            }
        )
        if pixels.size:
            blobs.append(np.ascontiguousarray(pixels).data.cast("B"))
    text = json.dumps({"id": id, "target": target, "frames": shown}, default=_plain)
    return text.encode(), blobs


def decode(head: bytes, blob: bytearray) -> Request:
    """The request again, its frames bit by bit as they were sent; pixels cannot be written to."""
    import useq

    from hardware.data import Frame, FrameKey, FrameMeta

    data, at, frames = json.loads(head), 0, []
    for shown in data["frames"]:
        dtype = np.dtype(shown["dtype"])
        size = int(np.prod(shown["shape"], dtype=np.int64))
        pixels: NDArray[Any] = np.frombuffer(blob, dtype, size, at).reshape(shown["shape"])
        pixels.flags.writeable = False
        at += pixels.nbytes
        frames.append(
            Frame(
                visit_id=shown["visit_id"],
                index=shown["index"],
                key=FrameKey(**shown["key"]),
                pixels=pixels,
                event=useq.MDAEvent.model_validate(shown["event"]),
                meta=FrameMeta(**shown["meta"]),
            )
        )
    return Request(data["id"], data["target"], tuple(frames))


def _plain(value: Any) -> Any:
    """A numpy number in metadata as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} in a frame's metadata")
