"""Answers to "what is to be done about “dividing cells”?": nothing but imaging, or a reaction."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.answers_words import NOTHING
from agent.planner.draft import Said
from agent.planner.lexicon import lexicon
from agent.planner.marks import marks
from agent.planner.open_questions import ONLY_OR_REACT
from agent.planner.reading.quantity import Kind, quantities
from agent.planner.source import Words

if TYPE_CHECKING:
    from agent.planner.answers_reading import Asked
    from agent.planner.draft import Draft, Question

_REACT = re.compile(
    r"(?<!\w)(?:react\w*|faster|(?:when|if) (?:you|one|it)(?: is)? see[ns]?|reagier\w*|reaktion"
    r"|schneller|réagi\w*|plus vite|reagi\w*|reazione"
    r"|più veloce|reaccion\w*|más rápido)(?!\w)",
    re.I,
)
_ONLY = re.compile(
    r"(?<!\w)(?:only|just|no reaction|don't react|do not react|without|nur|keine reaktion"
    r"|nicht reagieren|ohne|seulement"
    r"|simplement|sans|ne pas|solo|soltanto|senza|sólo|solamente|sin)(?!\w)",
    re.I,
)


def about_target(draft: Draft, question: Question, words: str, asked: Asked) -> Draft | None:
    """The draft without a reaction, or with what is watched for; None for other answers."""
    kept = replace(draft, questions=tuple(q for q in draft.questions if q != question))
    read = [q for lang in asked.languages(words) for q in quantities(words, asked.now, lang)]
    often = [q for q in read if q.every and q.kind in (Kind.DURATION, Kind.RATE)]
    if words == ONLY_OR_REACT[0] or NOTHING.fullmatch(words) or (_ONLY.search(words) and not read):
        return replace(kept, notes=(*kept.notes, "no reaction, as you said"))
    quoted = re.search("“(.+)”", question.text)
    if quoted is None or not (words == ONLY_OR_REACT[1] or _REACT.search(words) or often):
        return None
    named = [m for m in marks(quoted[1], lexicon(draft.language)) if m.concept == "target"]
    if not named:
        return None
    source = Words(0, len(words), words)
    kept = kept.adding(Said("watch", True, source), Said("target", named[0].name, source))
    return kept.adding(Said("reaction.interval_s", often[0].value, source)) if often else kept
