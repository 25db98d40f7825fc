"""Answers to the planner's questions, in a person's words, put into the draft."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.answers_reading import Asked, direct
from agent.planner.answers_target import about_target
from agent.planner.answers_unclear import unclear
from agent.planner.answers_words import ROUNDS, chosen, meant
from agent.planner.draft import Draft, No, Question, Said
from agent.planner.open_questions import ONLY_OR_REACT
from agent.planner.source import Words
from agent.planner.understand import understand

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from agent.planner.source import Source
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
WELLS_OR_POSITIONS = ("the wells", "the positions")  # choices that `complete` gives
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
    "grid.rows": "a {} grid",
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
    asked = Asked(draft, config, now)
    if alone.refusals:
        return draft.refusing(*alone.refusals)
    if question.slot.partition(".")[0] == "unclear":
        return unclear(draft, question, words, asked)
    counts = chosen(question, words, lambda text: _is_value(question, text, asked))
    if question.slot == "target" and question.choices == ONLY_OR_REACT:
        return about_target(draft, question, counts, asked) or question
    return _settled(draft, question, counts) or _read(draft, question, counts, alone, asked)


def _read(
    draft: Draft, question: Question, words: str, alone: Draft, asked: Asked
) -> Draft | Question:
    readings = _readings(draft, question, words, alone, asked) if words else ()
    match next(filter(None, readings), None):
        case No() as no:
            return draft.refusing(no)
        case Question() as again:
            return again
        case tuple() as found:
            extra = _more(draft, found, alone) if words == alone.instruction else ()
            return _with(draft, question, (*found, *extra))
        case _:
            return question


def _is_value(question: Question, words: str, asked: Asked) -> bool:
    """Whether a bare number could be a value as well as the number of a choice."""
    if question.slot == "positions":
        return question.choices != WELLS_OR_POSITIONS
    return isinstance(direct(question.slot, words, asked), Said)


def _settled(draft: Draft, question: Question, words: str) -> Draft | None:
    """Two things that do not go together: the answer names the one that goes or stays."""
    gone: tuple[str, ...] = ()
    if question.slot == "positions" and question.choices == WELLS_OR_POSITIONS:
        gone = dict(zip(WELLS_OR_POSITIONS, (("positions",), ("wells", "plate")), strict=True)).get(
            words, ()
        )
    elif question.slot == "rounds" and all(map(draft.has, ("interval_s", "duration_s", "rounds"))):
        gone = () if any(ch.isdigit() for ch in words) else meant(words, ROUNDS)[:1]
    if not gone:
        return None
    kept = tuple(q for q in draft.questions if q.slot != question.slot)
    said = {slot: s for slot, s in draft.said.items() if slot not in gone}
    return replace(draft, said=said, questions=kept)


def _readings(
    draft: Draft, question: Question, words: str, alone: Draft, asked: Asked
) -> Iterator[tuple[Said, ...] | No | Question | None]:
    """What the words say of what was asked, by ever more help."""
    slot = question.slot
    slots = _BELONGS.get(slot, (slot,))
    plain = words.partition(" (")[0]  # a choice may go on with what it means
    said = direct(slot, words, asked)
    if _open_phases(draft, question):
        whole = "phases" in alone.said or {"interval_s", "duration_s"} <= set(alone.said)
        yield _of(alone, _TIMES, words) if whole else ()
        yield _joined(draft, (words,), ("phases",), asked) or question
    if slot == "plate":  # of wells that could not be read without it
        plate = (said,) if isinstance(said, Said) else _of(alone, ("plate",), words)
        yield plate and (*_joined(draft, (f"{plate[0].value} plate",), ("wells",), asked), *plate)
    if slot in _TIMES:
        yield _of(alone, ("phases",), words)
    yield (said,) if isinstance(said, Said) else said
    for text in dict.fromkeys((plain, words)):
        yield _of(understand(text, asked.config, asked.now), slots, words)
    phrase = _PHRASES[slot].format(plain) if slot in _PHRASES else plain
    yield _joined(draft, dict.fromkeys((plain, phrase)), slots, asked)
    yield _of(understand(phrase, asked.config, asked.now), slots, words)
    plates = [q for q in alone.questions if q.slot == "plate" and slot in _PLACES]
    yield replace(question, text=f"{plates[0].text} Name both together") if plates else None


def _of(draft: Draft, slots: tuple[str, ...], words: str) -> tuple[Said, ...]:
    source = Words(0, len(words), words)
    return tuple(replace(draft.said[s], source=source) for s in slots if s in draft.said)


def _joined(
    draft: Draft, answers: Iterable[str], slots: tuple[str, ...], asked: Asked
) -> tuple[Said, ...]:
    """An answer read behind the instruction, whose language, phases and wells it goes on.

    What was understood before is not read again.
    """
    before = draft.instruction.rstrip(" .!?,;")
    for answer in answers:
        for text in (f"{before} {answer}", f"{before}, {answer}"):
            whole = understand(text, asked.config, asked.now)
            old = understand(before, asked.config, asked.now)
            found = [
                replace(said, source=_source(said, before, answer))
                for slot in slots
                if (said := whole.said.get(slot)) is not None and slot not in old.said
            ]
            if found and not whole.refusals:
                return tuple(found)
    return ()


def _source(said: Said, before: str, answer: str) -> Source:
    """Words behind the instruction are the answer's; those of it, or of both, stay as they are."""
    source = said.source
    if isinstance(source, Words) and source.start >= len(before):
        return Words(0, len(answer), answer)
    return source


def _open_phases(draft: Draft, question: Question) -> bool:
    """Whether the instruction has phases, and one of them lacks what is asked for."""
    return question.slot in ("interval_s", "duration_s") and any(
        "phase" in q.text and not q.choices for q in draft.questions if q.slot in _TIMES
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
