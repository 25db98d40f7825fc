"""The model's reading and the embedded one become one draft; where they differ, a question."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.planner.draft import Draft, Intent, Question
from agent.planner.show import told
from agent.planner.source import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.planner.chat_items import Items
    from agent.planner.draft import Said
    from hardware.data import MicroscopeConfig

# Slots that say the same thing in two ways: one side may hold only.
RIVALS = (  # wells with positions, and a number of rounds that does not fit: see `complete`
    (("phases",), ("interval_s", "duration_s", "rounds")),
    (("wells",), ("positions.all", "positions.count")),
    (("positions.all",), ("positions",)),
    (("once",), ("interval_s", "duration_s", "phases")),
)
CLOSE = 1e-6


def merge(embedded: Draft, items: Items, intent: Intent, config: MicroscopeConfig) -> Draft:
    """Everything that either reader found.

    The embedded reader's refusals always hold. A value that only one of them found is taken; two
    different ones, or two that cannot hold together, become a question that names both.
    """
    draft = embedded
    theirs = _normal(items.said, embedded, config)
    for said in theirs:
        mine = draft.said.get(said.slot)
        if mine is None:
            draft = _dropping(draft, said).adding(said)
        elif not same(mine.value, said.value):
            draft = _asking(draft, _both(mine, said))
    draft = _asking(draft, *items.questions)
    if draft.has("reaction.") and not draft.has("watch"):
        first = next(s for name, s in draft.said.items() if name.startswith("reaction."))
        draft = draft.adding(replace(first, slot="watch", value=True))
    draft = _rivals(draft, {said.slot for said in theirs} - set(embedded.said))
    draft = draft.refusing(*items.refusals)
    return replace(draft, intent=Intent.REFUSE if draft.refusals else intent)


def same(one: Any, other: Any) -> bool:
    """Equal values: numbers to six digits, names in any order and case."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    if isinstance(one, tuple) and isinstance(other, tuple):
        if one and isinstance(one[0], tuple):
            flat_one, flat_other = sum(one, ()), sum(other, ())
            return len(one) == len(other) and all(map(same, flat_one, flat_other))
        return {str(v).casefold() for v in one} == {str(v).casefold() for v in other}
    return str(one).casefold() == str(other).casefold()


def _normal(said: Iterable[Said], embedded: Draft, config: MicroscopeConfig) -> list[Said]:
    """All marked positions, by name or as "all", in the way that the embedded reader has them."""
    known = tuple(config.positions)
    made = []
    for s in said:
        if s.slot == "positions.all" and embedded.has("positions"):
            made.append(replace(s, slot="positions", value=known))
        elif s.slot == "positions" and embedded.has("positions.all") and set(s.value) == {*known}:
            made.append(replace(s, slot="positions.all", value=True))
        else:
            made.append(s)
    return made


def _both(mine: Said, theirs: Said) -> Question:
    a, b = _whole(mine), _whole(theirs)
    text = (
        f"the rules read {mine.source} as {a}, the model reads {theirs.source} as {b}: which one?"
    )
    return Question(mine.slot, text, (a, b))


def _asking(draft: Draft, *questions: Question) -> Draft:
    """These questions in place of those about the same slots."""
    slots = {q.slot for q in questions}
    kept = tuple(q for q in draft.questions if q.slot not in slots)
    return replace(draft, questions=(*kept, *questions))


def _dropping(draft: Draft, said: Said) -> Draft:
    """Without what the embedded reader had to ask and the model has found words for."""
    words = said.source
    if not isinstance(words, Words):
        return draft
    answered = {said.slot, *(("interval_s", "duration_s") if said.slot == "phases" else ())}

    def open_still(question: Question) -> bool:
        if question.slot.partition(".")[0] == "unclear":
            return not _about(question.text, words.text)
        return question.slot not in answered

    return replace(draft, questions=tuple(filter(open_still, draft.questions)))


def _about(question: str, words: str) -> bool:
    """Whether the quoted words of a question are among these."""
    _, _, rest = question.partition("“")
    quoted, end, _ = rest.partition("”")
    return bool(end and quoted) and " ".join(quoted.split()) in " ".join(words.split())


def _rivals(draft: Draft, new: set[str]) -> Draft:
    """Two ways of saying one thing, one from each reader: which one holds is asked."""
    for one, other in RIVALS:
        left = [draft.said[s] for s in one if s in draft.said]
        right = [draft.said[s] for s in other if s in draft.said]
        if left and right and new.intersection(s.slot for s in (*left, *right)):
            draft = _asking(draft, _which(right[0].slot, left, right))
    return draft


def _which(slot: str, left: list[Said], right: list[Said]) -> Question:
    choices = tuple(", ".join(_words(said) for said in side) for side in (left, right))
    return Question(slot, f"you said both {choices[0]} and {choices[1]}: which one holds?", choices)


def _whole(said: Said) -> str:
    """In words that can be read back: lists of names are not cut."""
    if isinstance(said.value, tuple) and said.slot != "phases":
        return ", ".join(map(str, said.value))
    return told(said.slot, said.value)


def _words(said: Said) -> str:
    source = said.source
    return (
        " ".join(source.text.split()) if isinstance(source, Words) else told(said.slot, said.value)
    )
