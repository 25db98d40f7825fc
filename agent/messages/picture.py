"""The picture that goes with a message: a film strip of the best burst, or the best look; PNG."""

from __future__ import annotations

import base64
import contextlib
import io
from typing import TYPE_CHECKING, Any

from agent.journal.states import VisitState
from agent.report.frames import frames_of
from agent.report.gallery import FRAMES_IN_STRIP, spread
from agent.report.headline import provenance
from agent.report.pictures import close_window, contrast, cut, pick, picture
from agent.report.planfacts import plan_facts
from agent.report.read import read_seen, read_shots
from agent.report.words import at, duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.report.frames import Pixels
    from agent.report.pictures import Picture
    from agent.report.record import Burst, Record, Shot

_CELL, _COLUMNS, _LARGE = 240, 4, 720  # pixels
_LINE, _GAP = 22, 4
_BACK, _INK, _RING = (18, 18, 20), (235, 235, 235), (255, 196, 0)


def picture_of(record: Record, path: Path, burst: int | None = None) -> Path | None:
    """Write the picture of a run (or of one burst) to `path`.

    None where there is nothing to be seen, or it cannot be written: a message goes without.
    """
    try:
        image = _image(record, burst)
        if image is None:
            return None
        png = io.BytesIO()
        image.save(png, "PNG", optimize=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png.getvalue())
    except Exception:  # a torn store, a full disk: never at the price of the message
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return None
    return path


def _image(record: Record, burst: int | None) -> Any:
    chosen = next((b for b in record.bursts if b.id == burst), None) or _best_burst(record)
    if chosen is not None:
        frames = _frames(record, _strip_visits(record, chosen))
        if frames:
            return _strip(record, chosen, frames)
    visit = _best_look(record)
    frames = [] if visit is None else _frames(record, [visit])
    return _whole(record, frames[0]) if frames else None


# ---------------------------------------------------------------------- choosing


def _best_burst(record: Record) -> Burst | None:
    """The one with the surest look at its target; of equals the longest."""
    best: dict[int, tuple[float, int]] = {}
    p_of = {look.visit: look.p_target or 0.0 for look in record.looks}
    for visit in record.visits:
        if visit.burst is not None and visit.state == VisitState.DELIVERED:
            p, n = best.get(visit.burst, (0.0, 0))
            best[visit.burst] = max(p, p_of.get(visit.id, 0.0)), n + 1
    made = [burst for burst in record.bursts if burst.id in best]
    return max(made, key=lambda burst: best[burst.id], default=None)


def _best_look(record: Record) -> int | None:
    """The visit with the highest probability of the target, else the last one delivered."""
    sure = [look for look in record.looks if look.p_target]
    if sure:
        return max(sure, key=lambda look: look.p_target or 0.0).visit
    delivered = [visit.id for visit in record.visits if visit.state == VisitState.DELIVERED]
    return delivered[-1] if delivered else None


def _strip_visits(record: Record, burst: Burst) -> list[int]:
    own = [
        visit.id
        for visit in record.visits
        if visit.burst == burst.id and visit.state == VisitState.DELIVERED
    ]
    return spread([burst.cause, *own], FRAMES_IN_STRIP)


def _frames(record: Record, visits: Sequence[int]) -> list[tuple[Shot, Pixels]]:
    shots, read = read_shots(record.run_dir, visits), frames_of(record.run_dir)
    channel = plan_facts(record.run.plan).channel
    found = []
    for visit in visits:
        shot = pick(shots.get(visit, ()), channel)
        pixels = None if shot is None else read(shot.image, shot.t, shot.c, shot.z)
        if shot is not None and pixels is not None and pixels.ndim == 2 and min(pixels.shape) > 0:
            found.append((shot, pixels))
    return found


# ---------------------------------------------------------------------- drawing


def _strip(record: Record, burst: Burst, frames: list[tuple[Shot, Pixels]]) -> Any:
    """The object that started it, close up, in up to eight moments."""
    seen = read_seen(record.run_dir, [burst.cause]).get(burst.cause)
    top = max(seen.objects, key=lambda item: item[4], default=None) if seen else None
    windows = [close_window(s, p.shape, *top[:2]) if top else None for s, p in frames]
    same = {shot.image for shot, _ in frames}
    parts = [cut(pixels, window) for (_, pixels), window in zip(frames, windows, strict=True)]
    levels = contrast(parts) if len(same) == 1 else None  # another objective, another brightness
    start_s = frames[0][0].time_s
    cells = [
        picture(
            pixels,
            shot,
            edge=_CELL,
            alt="",
            caption=f"+{at(shot.time_s - start_s)}",
            window=window,
            levels=levels,
        )
        for (shot, pixels), window in zip(frames, windows, strict=True)
    ]
    end_s = burst.ended_s or min(burst.until_s, record.run.last_s)
    lasted = duration(end_s - burst.start_s)
    title = f"Field {burst.fov}: burst at {at(burst.start_s)}, {lasted}, {frames[0][0].channel}"
    return _sheet(record, title, cells)


def _whole(record: Record, frame: tuple[Shot, Pixels]) -> Any:
    shot, pixels = frame
    facts = plan_facts(record.run.plan)
    cell = picture(
        pixels,
        shot,
        edge=_LARGE,
        alt="",
        caption="",
        seen=read_seen(record.run_dir, [shot.visit]).get(shot.visit),
        enter=facts.enter,
    )
    return _sheet(record, f"Field {shot.fov} at {at(shot.time_s)}, {shot.channel}", [cell])


def _sheet(record: Record, title: str, cells: Sequence[Picture]) -> Any:
    """Cells in rows of four under a title; rings and scale bars as on the report."""
    from PIL import Image, ImageDraw, ImageFont

    columns = min(_COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    wide, high = max(c.width for c in cells), max(c.height for c in cells)
    above = [line for line in (title, _origin(record)) if line]
    top = _LINE * len(above) + _GAP
    size = (columns * (wide + _GAP) + _GAP, top + rows * (high + _LINE + _GAP))
    sheet = Image.new("RGB", size, _BACK)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for n, line in enumerate(above):
        draw.text((_GAP, n * _LINE + 3), line, fill=_INK if n == 0 else _RING, font=font)
    for n, cell in enumerate(cells):
        x = _GAP + (n % columns) * (wide + _GAP)
        y = top + (n // columns) * (high + _LINE + _GAP)
        data = base64.b64decode(cell.uri.partition(",")[2])
        sheet.paste(Image.open(io.BytesIO(data)).convert("RGB"), (x, y))
        for mark in (m for m in cell.marks if m.target):
            ring = (
                x + mark.x - mark.r,
                y + mark.y - mark.r,
                x + mark.x + mark.r,
                y + mark.y + mark.r,
            )
            draw.ellipse(ring, outline=_RING, width=2)
        below = y + cell.height + 3
        draw.text((x, below), cell.caption, fill=_INK, font=font)
        if cell.bar:
            label = cell.bar_label.replace("µ", "u")  # Pillow's own font has no µ
            start = x + cell.width - draw.textlength(label, font=font)
            draw.text((start, below), label, fill=_INK, font=font)
            draw.line((start - 6 - cell.bar, below + 9, start - 6, below + 9), fill=_INK, width=3)
    return sheet


def _origin(record: Record) -> str:
    """``SIMULATED``: a picture travels without its message."""
    return provenance(record).partition(":")[0].partition(" of ")[0]
