"""Frames of a run on demand: the pictures that a decision or a burst rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.report.pictures import (
    EARLIER_EDGE,
    SMALL_EDGE,
    STRIP_EDGE,
    close_window,
    contrast,
    cut,
    pick,
    picture,
)
from agent.report.read import read_seen, read_shots
from agent.report.words import at, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.frames import Pixels, ReadFrame
    from agent.report.pictures import Picture, Window
    from agent.report.record import Record, Seen, Shot

Place = tuple[float, float]  # stage um
FRAMES_IN_STRIP = 8
_EARLIER = 2  # pictures of earlier visits that a decision cites
_FOLLOW_UM = 30.0  # an object further away than this is another one


@dataclass(frozen=True, slots=True)
class Gallery:
    """Reads shots, verdicts and pixels of the visits it was opened for."""

    read_frame: ReadFrame
    channel: str
    enter: float | None
    shots: Mapping[int, tuple[Shot, ...]]
    seen: Mapping[int, Seen]
    _kept: dict[Shot, Pixels | None] = field(default_factory=dict)

    def of_decision(
        self, visit: int, earlier: Sequence[int], *, close: bool, edge: int
    ) -> tuple[Picture, ...]:
        """The field with what was found, then the object close up, now and in `earlier` looks."""
        found = self._frame(visit)
        if found is None:
            return ()
        shot, pixels = found
        seen = self.seen.get(visit)
        whole = picture(
            pixels,
            shot,
            edge=edge,
            alt=f"Field {shot.fov} at {at(shot.time_s)}, {shot.channel}{_found(seen)}",
            caption=f"{shot.channel}, whole field{_with(shot)}",
            seen=seen,
            enter=self.enter,
        )
        place = self._top(visit) if close else None
        if place is None:
            return (whole,)
        return (whole, *self._close_ups([visit, *earlier[:_EARLIER]], place, shot.time_s))

    def of_burst(self, first: int, visits: Sequence[int]) -> tuple[Picture, ...]:
        """Up to eight evenly spaced frames, following the object that started the burst."""
        frames = [(v, f) for v in spread(visits, FRAMES_IN_STRIP) if (f := self._frame(v))]
        if not frames:
            return ()
        place = self._top(first)
        windows = []
        for visit, (shot, pixels) in frames:
            place = self._follow(visit, place)
            windows.append(close_window(shot, pixels.shape, *place) if place else None)
        levels = _levels([frame for _, frame in frames], windows)
        start = frames[0][1][0].time_s
        return tuple(
            picture(
                pixels,
                shot,
                edge=STRIP_EDGE,
                alt=f"Field {shot.fov}, {duration(shot.time_s - start)} into the burst"
                + _with(shot),
                caption=f"+{at(shot.time_s - start)}",
                window=window,
                levels=levels[shot.image],
            )
            for (_, (shot, pixels)), window in zip(frames, windows, strict=True)
        )

    def _close_ups(self, visits: Sequence[int], place: Place, now_s: float) -> list[Picture]:
        frames = [frame for visit in visits if (frame := self._frame(visit))]
        windows = [close_window(shot, pixels.shape, *place) for shot, pixels in frames]
        levels = _levels(frames, windows)
        pictures = []
        for (shot, pixels), window in zip(frames, windows, strict=True):
            before = now_s - shot.time_s
            when = f"{duration(before)} earlier" if before > 0 else "close up"
            edge = EARLIER_EDGE if before > 0 else SMALL_EDGE
            pictures.append(
                picture(
                    pixels,
                    shot,
                    edge=edge,
                    alt=f"The likeliest object in field {shot.fov}, {when}",
                    caption=when,
                    window=window,
                    levels=levels[shot.image],
                )
            )
        return pictures

    def _frame(self, visit: int) -> tuple[Shot, Pixels] | None:
        shot = pick(self.shots.get(visit, ()), self.channel)
        if shot is None:
            return None
        if shot not in self._kept:
            if len(self._kept) >= 16:
                self._kept.clear()
            pixels = self.read_frame(shot.image, shot.t, shot.c, shot.z)
            usable = pixels is not None and pixels.ndim == 2 and min(pixels.shape) > 0
            self._kept[shot] = pixels if usable else None
        kept = self._kept[shot]
        return None if kept is None else (shot, kept)

    def _top(self, visit: int) -> Place | None:
        seen = self.seen.get(visit)
        if seen is None or not seen.objects:
            return None
        best = max(seen.objects, key=lambda item: item[4])
        return best[0], best[1]

    def _follow(self, visit: int, place: Place | None) -> Place | None:
        seen = self.seen.get(visit)
        if place is None or seen is None:
            return place
        near = [
            item
            for item in seen.objects
            if (item[0] - place[0]) ** 2 + (item[1] - place[1]) ** 2 <= _FOLLOW_UM**2
        ]
        if not near:
            return place
        best = max(near, key=lambda item: item[4])
        return best[0], best[1]


def open_gallery(
    record: Record, read_frame: ReadFrame, visits: Sequence[int], channel: str, enter: float | None
) -> Gallery:
    """A gallery for these visits."""
    return Gallery(
        read_frame=read_frame,
        channel=channel,
        enter=enter,
        shots=read_shots(record.run_dir, visits),
        seen=read_seen(record.run_dir, visits),
    )


def spread(visits: Sequence[int], most: int) -> list[int]:
    """At most so many of them, evenly spaced, first and last included."""
    if len(visits) <= most:
        return list(visits)
    last = len(visits) - 1
    return [visits[round(i * last / (most - 1))] for i in range(most)]


def _levels(
    frames: Sequence[tuple[Shot, Pixels]], windows: Sequence[Window | None]
) -> dict[str, tuple[float, float]]:
    """Black and white point of each image: another objective gives another brightness."""
    parts: dict[str, list[Pixels]] = {}
    for (shot, pixels), window in zip(frames, windows, strict=True):
        parts.setdefault(shot.image, []).append(cut(pixels, window))
    return {image: contrast(own) for image, own in parts.items()}


def _with(shot: Shot) -> str:
    return f", {shot.objective}" if shot.image != shot.fov and shot.objective else ""


def _found(seen: Seen | None) -> str:
    if seen is None or not seen.objects:
        return ""
    return f", {len(seen.objects)} objects found"
