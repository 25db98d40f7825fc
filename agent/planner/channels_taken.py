"""Which channels the time lapse and the reaction take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.channels import Channel
from agent.planner.clause import About

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from hardware.data import MicroscopeConfig


def read_channels(
    channels: Sequence[Channel],
    clause_at: Mapping[int, Clause],
    found: Found,
) -> None:
    """Which channels the time lapse and the reaction take."""
    burst = (About.REACTION, About.TRIGGER)
    denied = [c for c in channels if c.no]
    for slot, abouts in (
        ("channels", (About.BASELINE, About.SEARCH, About.STORY, About.BUDGET, About.STOP)),
        ("reaction.channels", (About.REACTION, About.TRIGGER)),
    ):
        here = [c for c in channels if clause_at[c.start].about in abouts]
        banned = {
            c.preset for c in denied if slot != "channels" or clause_at[c.start].about not in burst
        }
        told = [c for c in here if clause_at[c.start].about is not About.STORY and not c.no]
        here = told or here  # "they were stained with Hoechst" counts where nothing else is named
        kept = _after_corrections([c for c in here if not c.no and c.preset not in banned], found)
        if kept:
            names = tuple(dict.fromkeys(c.preset for c in kept))
            usual = found.said.get("channels")
            if slot != "channels" and usual is not None and _adds(found.normal.text, kept[0]):
                names = tuple(dict.fromkeys((*usual.value, *names)))
            found.say(slot, names, kept[0].start, kept[-1].end, "channels")
    focus = [c for c in channels if clause_at[c.start].about is About.FOCUS and not c.no]
    if focus:
        found.say("autofocus.channel", focus[0].preset, focus[0].start, focus[0].end)


_ADDS = re.compile(
    r"(?<!\w)(?:add(?:ing)?|plus|also|additionally|in addition|zusätzlich(?: auch)?|dazu|auch"
    r"|ajoute[rz]?|en plus|aussi|également"
    r"|aggiungi|aggiungendo|anche|in più|añade|agrega|también|además)(?: (?:take|image|in|the|den"
    r"|le|il|el|nimm|prends|en))*\s+$",
    re.I,
)


_TOO = re.compile(
    r"\s*(?:too|as well|in addition|auch|dazu|zusätzlich|aussi|en plus|anche|in più|también"
    r"|además)(?!\w)",
    re.I,
)


def _adds(text: str, channel: Channel) -> bool:
    """ "Add DAPI", "also in DAPI": beside the channels of the time lapse."""
    after = _TOO.match(text, channel.end) is not None
    return after or _ADDS.search(text[: channel.start]) is not None


def _after_corrections(channels: list[Channel], found: Found) -> list[Channel]:
    """ "DAPI, sorry, GFP": those before a correction that is followed by a channel at once go."""
    for at in found.corrections:
        before = [c for c in channels if c.end <= at]
        after = [c for c in channels if at <= c.start <= at + 30]
        if not (before and after):
            continue
        between = found.normal.text[at : after[0].start]
        if at - before[-1].end < 12:
            channels = [*before[:-1], *[c for c in channels if c.start >= at]]
        elif not re.search(r"\d", between) and len({c.preset for c in before}) == 1:
            channels = [c for c in channels if c.start >= at]  # "... for 2 h. Actually no, use GFP"
    return channels


def read_all_channels(
    clauses: Sequence[Clause], config: MicroscopeConfig, channels: Sequence[Channel], found: Found
) -> None:
    """ "In all four channels", "all channels except Cy5"."""
    banned = {c.preset for c in channels if c.no}
    for clause in clauses:
        for mark in clause.marks:
            if mark.concept != "all_channels" or clause.about is About.STORY:
                continue
            reacts = clause.about in (About.REACTION, About.TRIGGER)
            slot = "reaction.channels" if reacts else "channels"
            names = tuple(preset for preset in config.channels if preset not in banned)
            found.said.pop(slot, None)
            found.clashes.pop(slot, None)
            found.say(slot, names, mark.start, mark.end)
