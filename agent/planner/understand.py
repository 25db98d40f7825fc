"""The embedded planner's first step: an instruction becomes a draft, by rules alone.

Quantities and names are read by `reading`, signs are found by the lexicons, clauses say what a
quantity is about, and one file each gives times, channels, stacks, reactions and wishes their
slots. What has a unit and no slot becomes a question.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.clauses import About, Clause, clauses
from agent.planner.clocks import read_clocks
from agent.planner.draft import Draft, Intent, No, Question
from agent.planner.found import Found
from agent.planner.intent import intent, refusals
from agent.planner.leftover import exceptions, strangers
from agent.planner.lexicon import lexicon
from agent.planner.marks import language_of, marks
from agent.planner.messages import read_messages
from agent.planner.nearby import Nearby
from agent.planner.normal import normal
from agent.planner.optics import (
    channel_names,
    named_channels,
    read_all_channels,
    read_binning,
    read_channels,
    read_exposures,
    read_objectives,
    seconds_after_channels,
    unknown_channels,
)
from agent.planner.plainness import not_plain
from agent.planner.reading.alone import alone, merged
from agent.planner.reading.quantity import Kind, Quantity, quantities
from agent.planner.reworded import reworded
from agent.planner.slots import fits, slot_of
from agent.planner.stacks import read_stack_channels, read_stacks
from agent.planner.stray import stray_numbers
from agent.planner.times import Lapse, is_exposure, lapse, long_exposures, resumed, say, timed
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
            *_impossible(found),
            *found.refused,
            *_unknown(found, config),
        ),
        language=language,
    )
    if draft.refusals and draft.intent is Intent.PLAN:
        draft = replace(draft, intent=Intent.REFUSE)
    return _unclear(draft, found)


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
    found.stack_wanted = _wanted("stack", parts, near)
    found.grid_wanted = _wanted("grid", parts, near)
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


ONLY_OR_REACT = (  # what may be done about dividing cells that are only named
    "only image the fields, without a reaction",
    "react: image a field faster when one is seen",
)
_NONE = re.compile(
    r"\s*[:=]?\s*(none|no|off|without|keiner?|keine[ns]?|nein|aus|aucune?|non|nessun[oa]|no|ningun[oa]|-)\b\s*($|[.,;\n])",
    re.I,
)


def _wanted(concept: str, parts: list[Clause], near: Nearby) -> bool:
    """ "Take a z stack": wanted, even where nothing else is said of it."""
    strong = {"stack": r"stack|stapel|pile|pila|z[- ]?(series|scan)|3d|volume", "grid": r"\w"}[
        concept
    ]
    return any(
        m.concept == concept
        and c.about in (About.BASELINE, About.SEARCH)
        and not near.denied(m.start, words=2)
        and not near.declined(m.end, words=2)
        and not _NONE.match(near.text, m.end)
        and re.search(strong, near.text[m.start : m.end], re.I) is not None
        for c in parts
        for m in c.marks
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


def _impossible(found: Found) -> tuple[No, ...]:
    return tuple(
        No(
            slot,
            f"{words} as {slot_of(slot).words} ({slot})",
            why,
            "Give a value that makes sense.",
        )
        for slot, words, why in found.bad
    )


def _unknown(found: Found, config: MicroscopeConfig) -> tuple[No, ...]:
    return tuple(
        No(
            "channels",
            str(found.words(a, b)),
            f"microscope {config.name} has no such channel, only {', '.join(config.channels)}",
            "Name one of these.",
        )
        for a, b in found.unknown
    )


def _asking(draft: Draft, text: str) -> Draft:
    """One more question about words that have no slot."""
    if any(q.text == text for q in draft.questions):
        return draft
    asked = sum(q.slot.startswith("unclear") for q in draft.questions)
    return draft.asking(Question(f"unclear.{asked + 1}" if asked else "unclear", text))


def _unclear(draft: Draft, found: Found) -> Draft:
    """What has a unit and no slot is asked about: leaving it out would be a guess."""
    lengthy = (
        draft.has("duration_s") or draft.has("phases") or draft.has("rounds") or draft.has("once")
    )
    for a, b in (*found.unclear, *(() if lengthy else found.bare_clocks)):
        draft = _asking(draft, f"what is {found.words(a, b)} for?")
    if found.open_phases and "phases" not in found.said:
        missing = "interval_s" if any(i is None for i, _ in found.open_phases) else "duration_s"
        what = "how often" if missing == "interval_s" else "for how long"
        draft = draft.asking(Question(missing, f"{what}, in each phase of the time lapse?"))
    for slot, value, a, b in found.open_exposures:
        if not fits(slot.replace("reaction.", ""), value):
            draft = replace(
                draft, open_exposures=(*draft.open_exposures, (slot, value, found.words(a, b)))
            )
    if found.open_positions is not None:
        words = found.words(*found.open_positions)
        text = f"you said {draft.said['positions'].source} and {words}: which positions?"
        draft = draft.asking(Question("positions", text))
    if found.open_wells is not None and "wells" not in draft.said:
        _, a, b = found.open_wells
        draft = draft.asking(
            Question("plate", f"which kind of well plate is it, for {found.words(a, b)}?")
        )
    for slot, a, b in found.left_over:
        text = f"what do you mean by {found.words(a, b)}?"
        if slot == "unclear":
            draft = _asking(draft, text)
        elif slot == "target" and not draft.has("watch"):
            text = f"what is to be done about {found.words(a, b)}?"
            draft = draft.asking(Question(slot, text, ONLY_OR_REACT))
        elif not any(q.slot == slot for q in draft.questions):
            draft = draft.asking(Question(slot, text))
    if found.message is not None:
        a, b = found.message
        words = found.words(a, b)
        choices = ("when it is done and when there is trouble", "at each event")
        draft = draft.asking(Question("notify.on", f"what are messages for, in {words}?", choices))
    draft = replace(draft, stack_wanted=found.stack_wanted, grid_wanted=found.grid_wanted)
    if found.focus_wanted is not None and not draft.has("autofocus."):
        draft = replace(draft, focus_wanted=found.focus_wanted)
    return draft
