"""A delivery as it is sent: title, text, the same as HTML, and what is said at the end."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from zoneinfo import ZoneInfo

    from agent.messages.delivery import Delivery
    from agent.messages.message import MessageKind

_LATE_S = 900.0  # later than this it is said


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a server gets. `picture`: PNG bytes, None without."""

    kind: MessageKind
    title: str
    text: str
    html: str
    mark: str
    picture: bytes | None


def envelope(
    delivery: Delivery,
    *,
    sender: str,
    mark: str,
    now: dt.datetime,
    zone: ZoneInfo | None,
    picture: bytes | None,
    picture_lost: bool = False,
) -> Envelope:
    """Put it together. `picture_lost`: there was one, and it does not go with this try."""
    title = f"{sender}: {delivery.title}"
    if delivery.times > 1 or delivery.level:
        title += f" ({_times(delivery)})"
    parts = [delivery.text]
    if delivery.times > 1 or delivery.level:
        parts.append(_storm(delivery, zone))
    if picture_lost:
        parts.append("(There is a picture, which could not be sent; see the report.)")
    if delivery.perhaps:
        parts.append("(This may be the second time that you get this message.)")
    footer = _footer(delivery, mark, now, zone)
    text = "\n\n".join([*(part for part in parts if part), footer])
    return Envelope(delivery.kind, title, text, _html(parts, footer), mark, picture)


def _times(delivery: Delivery) -> str:
    more = " more" if delivery.level else ""
    return f"once{more}" if delivery.times == 1 else f"{delivery.times}{more} times"


def _storm(delivery: Delivery, zone: ZoneInfo | None) -> str:
    """``12 times since 02:10, last at 02:14. The last one: ...``"""
    since, last = _clock(delivery.since_utc, zone), _clock(delivery.last_utc, zone)
    said = f"{_times(delivery).capitalize()} since {since}, last at {last}."
    return f"{said} The last one: {delivery.last_text}" if delivery.last_text else said


def _footer(delivery: Delivery, mark: str, now: dt.datetime, zone: ZoneInfo | None) -> str:
    happened = delivery.utc.astimezone(zone)
    about = f"run {delivery.run}, " if delivery.run else ""
    said = f"{about}{happened:%a} {happened.day} {happened:%b %Y %H:%M %Z}, message {mark}"
    if delivery.attempts > 1 and (now - delivery.created_utc).total_seconds() > _LATE_S:
        said += "; late because it could not be sent before"
    return f"-- {said}"


def _clock(when: dt.datetime, zone: ZoneInfo | None) -> str:
    return f"{when.astimezone(zone):%H:%M}"


def _html(parts: list[str], footer: str) -> str:
    """Paragraphs and lists; everything that was said is text, never markup."""
    lines = []
    for part in parts:
        for block in part.split("\n\n"):
            lines.append(_block([line for line in block.split("\n") if line.strip()]))
    said = html.escape(footer.removeprefix("-- "))
    return "".join([*lines, f'<p style="color:#666;font-size:small">{said}</p>'])


def _block(lines: list[str]) -> str:
    out, items = [], []
    for line in [*lines, ""]:
        if line.startswith("- "):
            items.append(f"<li>{html.escape(line[2:])}</li>")
            continue
        if items:
            out.append(f"<ul>{''.join(items)}</ul>")
            items = []
        if line:
            out.append(f"<p>{html.escape(line)}</p>")
    return "".join(out)
