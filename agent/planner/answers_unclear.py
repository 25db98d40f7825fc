"""Answers to "what is “5 min” for?": a number with a unit and no slot."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.answers_reading import direct
from agent.planner.answers_words import NOTHING, USES, meant
from agent.planner.draft import Draft, Question, Said
from agent.planner.reading.quantity import quantities
from agent.planner.source import Words
from agent.planner.understand import understand

if TYPE_CHECKING:
    from agent.planner.answers_reading import Asked


def unclear(draft: Draft, question: Question, words: str, asked: Asked) -> Draft | Question:
    """The draft with the quantity in the slot that the answer names, or left out with a note.

    The same question where the answer names none: another wish does not say what this one was.
    """
    kept = replace(draft, questions=tuple(q for q in draft.questions if q != question))
    if NOTHING.fullmatch(words):
        note = f"left out, as you said: {question.text.removeprefix('what is ').rstrip('?')}"
        return replace(kept, notes=(*kept.notes, note))
    quoted = re.search("“(.+)”", question.text)
    quantity = " ".join(quoted[1].split()) if quoted else ""
    alone = understand(words, asked.config, asked.now)
    found = tuple(s for s in alone.said.values() if quantity and quantity in _text(s))
    if found:  # "every 5 min", of “5 min”
        return _with(kept, found)
    if any(quantities(words, asked.now, language) for language in asked.languages(words)):
        return question  # of something else
    for slot in meant(words, USES):
        said = [direct(s, quantity, asked) for s in _each(slot, draft, words)]
        found = tuple(s for s in said if isinstance(s, Said))
        if found and not any(s.slot in draft.said for s in found):
            return _with(kept, found)
    return question


def _text(said: Said) -> str:
    return " ".join(said.source.text.split()) if isinstance(said.source, Words) else ""


def _with(draft: Draft, said: tuple[Said, ...]) -> Draft:
    settled = {s.slot for s in said}
    questions = tuple(q for q in draft.questions if q.slot not in settled)
    return replace(draft, questions=questions).adding(*said)


def _each(slot: str, draft: Draft, words: str) -> tuple[str, ...]:
    """An exposure is one of every channel that has none."""
    if slot != "exposure_ms":
        return (slot,)
    channels = draft.get("channels", ())
    named = [c for c in channels if c.casefold() in words.casefold()]
    return tuple(
        f"exposure_ms.{c}" for c in named or channels if f"exposure_ms.{c}" not in draft.said
    )
