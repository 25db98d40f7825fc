"""Answers to the planner's questions, in a person's words, put into the draft."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.answers_reading import Asked, direct
from agent.planner.answers_words import NOTHING, chosen, meant
from agent.planner.draft import Draft, No, Question, Said
from agent.planner.source import Words
from agent.planner.understand import understand

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from hardware.data import MicroscopeConfig

_PLACES = ("positions", "positions.all", "positions.count", "wells", "plate", "grid.rows",
           "grid.columns", "grid.overlap_percent")  # fmt: skip
_TIMES = ("interval_s", "duration_s", "rounds", "phases", "start_at", "once")
_BELONGS = {  # slots that an answer may fill as well
    **dict.fromkeys(_PLACES, _PLACES),
    **dict.fromkeys(_TIMES, _TIMES),
    "search.by": ("search.by", "target"),
    "reaction.interval_s": ("reaction.interval_s", "reaction.duration_s", "reaction.until_gone"),
}
_INSTEAD = {  # what a new value takes the place of
    "phases": ("interval_s", "duration_s", "rounds", "once"),
    "interval_s": ("phases", "once"),
    "duration_s": ("phases", "once"),
    "rounds": ("phases", "once"),
    "once": ("phases", "interval_s", "duration_s", "rounds"),
    "positions": ("positions.all", "positions.count", "wells", "plate"),
    "positions.all": ("positions", "positions.count", "wells", "plate"),
    "positions.count": ("positions", "positions.all", "wells", "plate"),
    "wells": ("positions", "positions.all", "positions.count"),
}
_PHRASES = {  # how an answer would stand in an instruction
    "interval_s": "every {}",
    "duration_s": "for {}",
    "rounds": "{} time points",
    "positions": "positions {}",
    "wells": "wells {}",
    "plate": "{} plate",
    "channels": "in {}",
    "reaction.channels": "in {}",
    "objective": "use the {} objective",
    "autofocus.every_n_rounds": "autofocus every {} rounds",
}


def answered(
    draft: Draft,
    question: Question,
    text: str,
    config: MicroscopeConfig,
    now: dt.datetime,
) -> Draft | Question:
    """The draft with an answer in it; the same question again where it says nothing of it.

    `draft` is the one that was understood, before anything was filled in. A wish that nobody may
    have is refused in an answer as well.
    """
    words = " ".join(text.split())
    alone = understand(words, config, now)
    if alone.refusals:
        return draft.refusing(*alone.refusals)
    asked = Asked(draft, config, now)
    if question.slot.partition(".")[0] == "unclear":
        return _unclear(draft, question, words, asked)
    counts = chosen(question, words, lambda text: _is_value(question, text, asked))
    found = next(filter(None, _readings(draft, question, counts, asked)), None) if counts else None
    match found:
        case No():
            return draft.refusing(found)
        case Question():
            return found
        case tuple():
            extra = _more(draft, found, alone) if counts == words else ()
            return _with(draft, question, (*found, *extra))
        case _:
            return question


def _is_value(question: Question, words: str, asked: Asked) -> bool:
    """Whether a bare number could be a value as well as the number of a choice."""
    return question.slot in _PLACES or isinstance(direct(question.slot, words, asked), Said)


def _readings(
    draft: Draft, question: Question, words: str, asked: Asked
) -> Iterator[tuple[Said, ...] | No | Question | None]:
    """What the words say of what was asked, by ever more help."""
    slot = question.slot
    slots = _BELONGS.get(slot, (slot,))
    plain = words.partition(" (")[0]  # a choice may go on with what it means
    if _open_phases(draft, question):
        yield _joined(draft, words, ("phases",), asked)
    if slot in _TIMES:
        yield _of(understand(words, asked.config, asked.now), ("phases",), words)
    said = direct(slot, words, asked)
    yield (said,) if isinstance(said, Said) else said
    for text in dict.fromkeys((plain, words)):
        yield _of(understand(text, asked.config, asked.now), slots, words)
    yield _joined(draft, plain, slots, asked)
    if slot in _PHRASES:
        phrase = _PHRASES[slot].format(plain)
        yield _of(understand(phrase, asked.config, asked.now), slots, words)


def _of(draft: Draft, slots: tuple[str, ...], words: str) -> tuple[Said, ...]:
    source = Words(0, len(words), words)
    return tuple(replace(draft.said[s], source=source) for s in slots if s in draft.said)


def _joined(draft: Draft, words: str, slots: tuple[str, ...], asked: Asked) -> tuple[Said, ...]:
    """The answer read behind the instruction, whose language and phases it goes on."""
    before = draft.instruction.rstrip(" .!?,;")
    for text in (f"{before} {words}", f"{before}, {words}"):
        whole = understand(text, asked.config, asked.now)
        found = _of(whole, slots, words)
        ends = [whole.said[said.slot].source for said in found]
        if found and all(isinstance(e, Words) and e.end > len(before) for e in ends):
            return found
    return ()


def _open_phases(draft: Draft, question: Question) -> bool:
    """Whether the instruction has phases, and one of them lacks what is asked for."""
    return (
        question in draft.questions
        and not question.choices  # else it is a contradiction
        and question.slot in ("interval_s", "duration_s")
        and not draft.has(question.slot)
    )


def _with(draft: Draft, question: Question, said: tuple[Said, ...]) -> Draft:
    """The draft with new values, without what they take the place of."""
    new = {s.slot for s in said}
    gone = {other for slot in new for other in _INSTEAD.get(slot, ())} - new
    settled = {question.slot, *new, *gone}
    return replace(
        draft,
        said={k: v for k, v in draft.said.items() if k not in gone},
        questions=tuple(q for q in draft.questions if q.slot not in settled),
    ).adding(*said)


def _more(draft: Draft, found: tuple[Said, ...], alone: Draft) -> tuple[Said, ...]:
    """What else the answer says that nothing was known of: "P1 and P2, in GFP"."""
    slots = {s.slot for s in found}
    if not slots.intersection(alone.said):
        return ()  # the rules see something else in these words
    return tuple(
        Said(slot, said.value, said.source)
        for slot, said in alone.said.items()
        if slot not in slots and slot not in draft.said and not _same_words(said, alone, slots)
    )


def _same_words(said: Said, alone: Draft, slots: set[str]) -> bool:
    a = said.source
    for slot in slots.intersection(alone.said):
        b = alone.said[slot].source
        if isinstance(a, Words) and isinstance(b, Words) and a.start < b.end and b.start < a.end:
            return True
    return False


# ------------------------------------------------------------------ what a quantity is for


def _unclear(draft: Draft, question: Question, words: str, asked: Asked) -> Draft | Question:
    """ "What is “5 min” for?": the interval, nothing, or another wish in its place."""
    kept = replace(draft, questions=tuple(q for q in draft.questions if q != question))
    if NOTHING.fullmatch(words):
        note = f"left out, as you said: {question.text.removeprefix('what is ').rstrip('?')}"
        return replace(kept, notes=(*kept.notes, note))
    quoted = re.search("“(.+)”", question.text)
    for slot in meant(words):
        said = [direct(s, quoted[1], asked) for s in _each(slot, draft, words)] if quoted else []
        if found := tuple(s for s in said if isinstance(s, Said)):
            return _with(kept, question, found)
    alone = understand(words, asked.config, asked.now)
    found = tuple(alone.said.values())
    if found and not alone.questions:
        return _with(kept, question, found)
    return question


def _each(slot: str, draft: Draft, words: str) -> tuple[str, ...]:
    """An exposure is one of every channel that has none."""
    if slot != "exposure_ms":
        return (slot,)
    channels = draft.get("channels", ())
    named = [c for c in channels if c.casefold() in words.casefold()]
    return tuple(
        f"exposure_ms.{c}" for c in named or channels if f"exposure_ms.{c}" not in draft.said
    )
