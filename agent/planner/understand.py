"""The embedded planner's first step: an instruction becomes a draft, by rules alone.

Quantities and names are read by `reading`, signs are found by the lexicons, clauses say what a
quantity is about, and one file each gives times, channels, stacks, reactions and wishes their
slots. What has a unit and no slot becomes a question.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.channels import channel_names, named_channels, unknown_channels
from agent.planner.channels_taken import read_all_channels, read_channels
from agent.planner.clause import About, Clause
from agent.planner.clauses import clauses
from agent.planner.clocks import read_clocks
from agent.planner.draft import Draft, Intent
from agent.planner.exposures import read_exposures, seconds_after_channels
from agent.planner.found import Found
from agent.planner.intent import intent, refusals
from agent.planner.lapse import Lapse, lapse, say
from agent.planner.leftover import exceptions, strangers
from agent.planner.lexicon import lexicon
from agent.planner.marks import language_of, marks
from agent.planner.messages import read_messages
from agent.planner.nearby import Nearby
from agent.planner.normal import normal
from agent.planner.open_questions import impossible_values, unclear, unknown_channels_of, wanted
from agent.planner.optics import read_binning, read_objectives
from agent.planner.plainness import not_plain
from agent.planner.reading.alone import alone, merged
from agent.planner.reading.quantity import Kind, Quantity, quantities
from agent.planner.reworded import reworded
from agent.planner.stacks import read_stack_channels, read_stacks
from agent.planner.stray import stray_numbers
from agent.planner.times import is_exposure, long_exposures, resumed, timed
from agent.planner.unread import unread
from agent.planner.watching import read_reaction, read_watching
from agent.planner.where import Places, corrected_plate, places, read_overlap, read_where
from agent.planner.wishes import (
    read_budget,
    read_flags,
    read_focus,
    read_rounds,
    read_search,
    read_stop,
)

if TYPE_CHECKING:
    import datetime as dt

    from agent.planner.lexicon import Lexicon
    from hardware.data import MicroscopeConfig

_APART = re.compile(r"(\dx) (?=(every|each|alle|toutes|ogni|cada)\b)", re.I)  # "the 20x every 40 s"


LAPSE = frozenset({About.BASELINE, About.STOP, About.SEARCH})


REACTION = frozenset({About.REACTION, About.TRIGGER})


_JOINS = re.compile(r"\s(and|but|plus|und|aber|sowie|et|mais|puis|e|ma|poi|y|pero|while)\s", re.I)


def understand(instruction: str, config: MicroscopeConfig, now: dt.datetime) -> Draft:
    """What the words say, slot by slot. Nothing is filled in that they do not say."""
    strange = not_plain(instruction)
    if strange:
        return Draft(instruction, Intent.REFUSE, refusals=strange)
    language = language_of(instruction)
    words = lexicon(language)
    text = reworded(normal(instruction, words), words, config)
    signs = marks(text.text, words)
    where = places(text.text, language, tuple(config.positions))
    for mark in signs:
        if mark.concept == "correction" and where.plate is not None:
            where = corrected_plate(where, text.text, mark.end, language)
    taken = where.spans
    read = quantities(_APART.sub(r"\1;", text.text), now, language)
    found_quantities = [
        q
        for q in merged(read, alone(text.text, read))
        if not any(s.start < q.span.end and q.span.start < s.end for s in taken)
    ]
    held = sorted(
        [(q.span.start, q.span.end) for q in found_quantities] + [(s.start, s.end) for s in taken]
    )
    near = Nearby(text.text, signs, held)
    parts = clauses(text.text, signs, held, _JOINS, [s.start for s in taken])
    if not parts:
        return Draft(instruction)
    corrections = tuple(m.start for m in signs if m.concept == "correction")
    found = Found(text, corrections)
    _read(found, found_quantities, where, parts, near, config, words, now)
    draft = Draft(
        instruction,
        intent(signs, text, held),
        found.said,
        questions=found.questions(),
        refusals=(
            *refusals(signs, near, text),
            *impossible_values(found),
            *found.refused,
            *unknown_channels_of(found, config),
        ),
        language=language,
    )
    if draft.refusals and draft.intent is Intent.PLAN:
        draft = replace(draft, intent=Intent.REFUSE)
    return unclear(draft, found)


def _read(
    found: Found,
    amounts: list[Quantity],
    where: Places,
    parts: list[Clause],
    near: Nearby,
    config: MicroscopeConfig,
    words: Lexicon,
    now: dt.datetime,
) -> None:
    def clause_of(at: int) -> Clause:
        return next((c for c in reversed(parts) if c.start <= at), parts[0])

    pairs = [(q, clause_of(q.span.start)) for q in amounts]
    channels = named_channels(near.text, channel_names(config, words.colours), near)
    clause_at = {c.start: clause_of(c.start) for c in channels}
    near = replace(near, exposures=seconds_after_channels(pairs, channels, near.text))
    read_watching(parts, near, found)
    read_reaction(parts, near, found)
    read_flags(parts, near, found)
    read_where(where, config.positions, clause_of, near, found)
    read_overlap(pairs, near, found)
    read_channels(channels, clause_at, found)
    read_all_channels(parts, config, channels, found)
    read_exposures(pairs, channels, clause_at, near, found)
    taken = read_binning(pairs, near, found)
    taken |= read_budget(pairs, near, found)
    taken |= read_rounds(pairs, parts, near, found)
    rest = [(q, c) for q, c in pairs if q.span.start not in taken]
    read_objectives(rest, config, near, found)
    ends = read_clocks(rest, near, found, now)
    rest = [(q, c) for q, c in rest if q.span.start not in found.taken]
    long = long_exposures([(q, c) for q, c in rest if not is_exposure(q, near)], near)
    found.unclear += [(q.span.start, q.span.end) for q in long]
    rest = [(q, c) for q, c in rest if q not in long]
    again = resumed(rest, near)
    found.used += [(q.span.start, q.span.end) for q in again]
    rest = [(q, c) for q, c in rest if q not in again]
    times = sorted([*timed(rest, near, LAPSE), *ends], key=lambda t: t.start)
    whole = lapse(times, found)
    burst = lapse(timed(rest, near, REACTION), found, burst=True)
    if burst.total is not None and burst.phases[0].length is not None:
        first = whole.phases[0]
        if whole.total is None and first.length is None and first.interval is not None:
            whole.total, burst.total = (
                burst.total,
                None,
            )  # "..., on mitosis 20 s for 10 min, 12 h overall"
    if _belongs_to_burst(whole, burst, found):
        last = whole.phases.pop()
        burst.phases[0].interval = last.interval
        burst.phases[0].length = burst.phases[0].length or last.length
    say(whole, "", found)
    say(burst, "reaction.", found)
    for mark in near.marks:
        length = found.where.get("duration_s")
        if mark.concept == "overnight" and length and found.corrected(length[1], mark.start):
            del found.said["duration_s"]  # "6 h. No, make that overnight": how long is that?
            break
    for time in (*whole.unclear, *burst.unclear):
        found.unclear.append((time.start, time.end))
    read_stacks(rest, near, found)
    read_stack_channels([c for c in channels if not c.no], near, found)
    read_search(pairs, parts, near, found)
    read_stop(pairs, near, found)
    read_messages(parts, near, found)
    read_focus(pairs, parts, near, found)
    _burst_length(found)
    _focus_rounds(found)
    _unused(pairs, near, found)
    places = [(s.start, s.end) for s in where.spans]
    stray_numbers(near, channels, parts, places, config, found)
    where_slot = "wells" if "plate" in found.said else "positions"
    found.left_over += [(where_slot, a, b) for a, b in exceptions(parts, near, places)]
    found.left_over += [("channels", a, b) for a, b in strangers(near, channels, words.known)]
    spots = [(p.span.start, p.span.end) for p in where.positions]
    found.left_over += unread(pairs, channels, spots, places, parts, near, found)
    found.stack_wanted = wanted("stack", parts, near)
    found.grid_wanted = wanted("grid", parts, near)
    found.unknown = [
        span
        for span in unknown_channels(near.text)
        if not any(c.start < span[1] and span[0] < c.end for c in channels)
        and not near.denied(span[0], words=2)
        and clause_of(span[0]).about is not About.STORY
    ]


def _unused(pairs: list[tuple[Quantity, Clause]], near: Nearby, found: Found) -> None:
    """Numbers that no slot was found for: outside of stories they mean something to the person."""
    used = [*found.where.values(), *found.used, *found.unclear, *found.bare_clocks]
    for q, clause in pairs:
        a, b = q.span.start, q.span.end
        if clause.about is About.STORY or q.kind not in _ALWAYS_MEANT:
            continue
        if any(x < b and a < y for x, y in used) or near.denied(a, words=3):
            continue
        if any(b <= at <= b + 20 for at in found.corrections):
            continue  # taken back
        if near.near(a, b, "past", words=3) is None and not (
            q.kind is Kind.LENGTH and q.value > 1000
        ):
            found.unclear.append((a, b))


_ALWAYS_MEANT = frozenset(
    {Kind.DURATION, Kind.RATE, Kind.LENGTH, Kind.DOSE, Kind.BYTES, Kind.MAGNIFICATION}
)


def _belongs_to_burst(whole: Lapse, burst: Lapse, found: Found) -> bool:
    """A second interval, where something is watched for and no interval of a burst was said."""
    return (
        "watch" in found.said
        and burst.phases[0].interval is None
        and len(whole.phases) > 1
        and whole.phases[-1].interval is not None
    )


def _burst_length(found: Found) -> None:
    """ "30 images at 20 s" in a reaction: its length follows."""
    if found.burst_visits is None or "reaction.duration_s" in found.said:
        return
    number, a, b = found.burst_visits
    interval = found.said.get("reaction.interval_s")
    if interval is not None:
        found.say("reaction.duration_s", (number - 1) * interval.value or interval.value, a, b)


def _focus_rounds(found: Found) -> None:
    """ "Refocus every hour": so many rounds of the time lapse."""
    if found.focus_every is None or "autofocus.every_n_rounds" in found.said:
        return
    seconds, a, b = found.focus_every
    interval = found.said.get("interval_s")
    if interval is None:
        return
    number = seconds / interval.value
    if number >= 1 and abs(number - round(number)) < 1e-6:
        found.say("autofocus.when", "every_nth_round", a, b)
        found.say("autofocus.every_n_rounds", round(number), a, b)
    else:
        found.unclear.append((a, b))
