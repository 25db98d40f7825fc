"""What a person wants: a plan, an answer, or something that is refused whatever else they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.draft import Intent, No
from agent.planner.lexicon import LANGUAGES, lexicon
from agent.planner.stories import own_act

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.planner.marks import Mark
    from agent.planner.nearby import Nearby
    from agent.planner.normal import Normal

_REFUSED = {
    "refuse_limits": (
        "limits",
        "limits hold for everybody and cannot be set aside by words",
        "A facility changes limits in the microscope's file, and the hard-coded ones stay.",
    ),
    "refuse_delete": (
        "data",
        "nothing that was recorded is ever deleted or overwritten by an instruction",
        "Remove files by hand if you must.",
    ),
    "refuse_guards": (
        "guards",
        "guards, light-off and the journal cannot be switched off by an instruction",
        "Leave them on; say what you want to image.",
    ),
    "shutter_open": (
        "shutter",
        "light between exposures would be in no dose",
        "Leave it out: the shutter opens for each exposure, and once for a hardware-timed stack.",
    ),
    "foreign": (
        "vocabulary",
        "MicroScout images, focuses, moves the stage and turns the turret, and nothing else",
        "Do it by hand or with the device's own program, and leave it out here.",
    ),
}
_POLITE = re.compile(
    r"^\W*((hi|hello|hey|dear|good (morning|evening|afternoon))\b[^,.!\n]*[,.!\n]\s*)?"
    r"(please|pls|(can|could|would|will) (you|we|i)( please)?|could you|i('d"
    r"| would) like( you)?( to)?"
    r"|we (need|want)|i (need|want)|is it possible to|would it be possible to)\b",
    re.I,
)
_ASKS = re.compile(
    r"^\W*((hi|hello|hey|quick question|question|just a question|btw|by the way|ok|so|hallo|bonjour"
    r"|ciao|hola|frage|domanda|pregunta)\b[^\w]*)*",
    re.I,
)


def refusals(marks: Sequence[Mark], near: Nearby, normal: Normal) -> tuple[No, ...]:
    """Wishes that nobody may have, each with its words. "Do not exceed the limits" is none."""
    found = []
    for concept, (rule, bound, remedy) in _REFUSED.items():
        for mark in marks:
            if mark.concept != concept:
                continue
            if concept != "shutter_open" and near.denied(mark.start, words=1):
                continue
            if concept == "foreign" and own_act(near.text, mark.start):
                continue  # "after I add the drug myself"
            a, b = normal.back(mark.start, mark.end)
            found.append(No(rule, f"“{normal.original[a:b]}”", bound, remedy))
            break
    known = {no.rule for no in found}
    return (*found, *(no for no in _in_any_language(normal.original) if no.rule not in known))


# refused in whatever language they are said, beside words of another one
_ALWAYS = ("refuse_limits", "refuse_delete", "refuse_guards", "shutter_open")
_NOT_BEFORE = re.compile(r"\b(nicht|non|ne|no|not|never|pas|nunca|mai|don't)\s+(\w+\s+)?$", re.I)


def _in_any_language(text: str) -> Iterator[No]:
    for language in LANGUAGES:
        for concept in _ALWAYS:
            pattern = lexicon(language).concepts.get(concept)
            match = pattern.search(text) if pattern is not None else None
            if match is None or _NOT_BEFORE.search(
                text[max(0, match.start() - 20) : match.start()]
            ):
                continue
            rule, bound, remedy = _REFUSED[concept]
            yield No(rule, f"“{match.group().strip()}”", bound, remedy)


def intent(marks: Sequence[Mark], normal: Normal, held: Sequence[tuple[int, int]]) -> Intent:
    """A question is one that begins as one and ends with a question mark, and is no request.

    "Can you image P1 every 5 min?" is a request; so is a question that is answered at once
    ("Which wells? B3 and C4."). `held`: places of quantities and names.
    """
    text = normal.text
    sentences = [
        (m.start(), m.end())
        for m in re.finditer(r"[^.!?\n]+(?:[.](?=\S)[^.!?\n]*)*[.!?]*", text)
        if m.group().strip()
    ]
    told = [
        (a, b)
        for a, b in sentences
        if not text[a:b].rstrip().endswith("?") and any(a <= start < b for start, _ in held)
    ]
    asking = [(a, b) for a, b in sentences if _begins_as_question(text[a:b], a, marks)]
    if told and not (len(sentences) == 1 and asking):
        return Intent.PLAN
    if not asking:
        return Intent.PLAN
    a, b = asking[0]
    polite = _POLITE.match(text[a:b])
    verb = any(m.concept == "plan_verb" and a <= m.start < b for m in marks)
    amounts = sum(a <= start < b for start, _ in held)
    inner = any(
        m.concept == "question" and a + 4 < m.start < b and m.end - m.start > 3 for m in marks
    )
    if polite is not None and not inner and amounts >= (2 if verb else 3):
        return Intent.PLAN
    once = any(m.concept == "once" and a <= m.start < b for m in marks)
    if polite is not None and not inner and verb and once and amounts:
        return Intent.PLAN
    if polite is not None and not inner and verb and not amounts and _AS_USUAL.search(text[a:b]):
        return Intent.PLAN
    return Intent.ANSWER


def _begins_as_question(sentence: str, at: int, marks: Sequence[Mark]) -> bool:
    if _WANTS_TO_KNOW.match(sentence):
        return True
    start = _ASKS.match(sentence)
    begin = at + (start.end() if start else 0)
    asks = sentence.rstrip().endswith("?")
    if asks and (_POLITE.match(sentence) or _VERB_FIRST.match(sentence[begin - at :])):
        return True
    if asks and (_NOUN_FIRST.match(sentence) or _IF_I.search(sentence)):
        return True
    if asks and any(m.concept == "question" and at <= m.start < at + len(sentence) for m in marks):
        return True
    near = [
        m
        for m in marks
        if m.concept == "question"
        and begin <= m.start <= begin + (12 if asks else 1)
        and (asks or not _WHAT_I_WANT.match(sentence, m.end - at))
    ]
    return bool(near)


_AS_USUAL = re.compile(
    r"(?<!\w)(?:the usual|as usual|the same|again|like (?:last time|yesterday|always)|wie (?:immer"
    r"|üblich|gestern|letztes mal)|das übliche|nochmal"
    r"|comme d'habitude|la même chose|comme hier|come al solito|lo stesso|come ieri|lo de siempre"
    r"|lo mismo|como (?:siempre|ayer))(?!\w)",
    re.I,
)
_WANTS_TO_KNOW = re.compile(
    r"\W*(?:(?:i|we)(?: want|'d like| would like| need) to know|(?:just )?tell me (?:how|what"
    r"|whether|if)|ich (?:möchte|will|würde gern) (?:gern )?wissen"
    r"|je (?:veux|voudrais|souhaite) savoir|(?:vorrei|voglio) sapere|(?:quiero|quisiera"
    r"|me gustaría) saber)(?!\w)",
    re.I,
)
_WHAT_I_WANT = re.compile(  # "What I would like": no question
    r"\s*(?:i|we|ich|wir|je|j'|nous|vorrei|voglio|mi serve|quiero|necesito|me gustaría)(?!\w)", re.I
)
_NOUN_FIRST = re.compile(
    r"\W*(?:(?:total|expected|approximate) )?(?:light|dose|disk|data|file|size|cost|price|time"
    r"|duration|number|amount"
    r"|licht|dosis|daten|kosten|dauer|lumière|dose|taille|coût|durée|luce|dati|costo|durata|luz"
    r"|datos|costo|duración)"
    r"\b",
    re.I,
)
_IF_I = re.compile(
    r"\b(?:do|does|will|would|is|are) (?:i|we|it|that|this|there|they)\b[^?]*\?\s*$", re.I
)
_VERB_FIRST = re.compile(
    r"^\W*(what|what'?s|which|how|why|who|where|is|are|does|do|did|will|would|can|could|may|has"
    r"|have|should|must|am|kann|können|ist|sind|gibt"
    r"|reicht|hat|passt|geht|est|peut|y a|è|sono|può|posso|ci|basta|hay|es|puede|puedo|tiene"
    r"|cabe)\b",
    re.I,
)
