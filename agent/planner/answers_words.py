"""What short answers mean: yes, the second one, nothing, the interval. Five languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.planner.draft import Question

_YES = (
    "yes|yep|yeah|y|ok|okay|sure|agreed|fine|right|as proposed|proposed|the proposed|"
    "the proposed one|the proposal|take it|take that|"
    "ja|genau|passt|gern|einverstanden|der vorschlag|den vorschlag|wie vorgeschlagen|"
    "oui|d'accord|la proposition|comme proposé|"
    "si|sì|va bene|d'accordo|la proposta|come proposto|"
    "sí|vale|de acuerdo|la propuesta|como propuesto"
)
YES = re.compile(rf"(?:{_YES})(?:,? (?:please|bitte))?[.!]?", re.I)
_LEADS = "#|no\\.?|number|option|choice|answer|the|die|der|das|le|la|il|el"
_FIRSTS = (  # words for places in a list, as they stand in five languages
    ("first", "erste", "premier", "première", "primo", "prima", "primero", "primera"),
    ("second", "zweite", "deuxième", "secondo", "seconda", "segundo", "segunda"),
    ("third", "dritte", "troisième", "terzo", "terza", "tercero", "tercera"),
    ("fourth", "vierte", "quatrième", "quarto", "quarta", "cuarto", "cuarta"),
)
_NUMBERED = re.compile(rf"(?:{_LEADS})?\s*(?:(\d)|([^\W\d_]+)(?: one)?)[.)]?", re.I)
_NOTHING = (
    "nothing|it's nothing|its nothing|for nothing|ignore it|ignore that|forget it|forget that|"
    "leave it out|leave that out|drop it|none|"
    "nichts|ignorieren|weglassen|vergiss es|vergiss das|"
    "rien|ignore-le|ignorez-le|laisse tomber|"
    "niente|ignoralo|lascia stare|"
    "nada|ignóralo|déjalo"
)
NOTHING = re.compile(rf"(?:{_NOTHING})[.!]?", re.I)
USES = (  # what a quantity of unknown use may be for: words of an answer -> slot
    (r"exposure|belicht\w*|exposition|pose|esposizione|exposici[oó]n", "exposure_ms"),
    (r"steps?|spacing|schritt\w*|ebenenabstand|pas|passo|paso", "stack.step_um"),
    (r"range|thick\w*|depth|width|bereich|dicke|épaisseur|spessore|grosor", "stack.range_um"),
    (r"(burst|reaction) (length|duration)|how long (the|each) burst", "reaction.duration_s"),
    (r"burst|reaction|reaktion|réaction|reazione|reacci[oó]n", "reaction.interval_s"),
    (r"interval\w*|how often|every|period|abstand|takt|cada", "interval_s"),
    (r"duration|length|total|how long|dauer|gesamt\w*|durée|durata|duraci[oó]n", "duration_s"),
    (r"rounds?|time ?points?|zeitpunkte|runden", "rounds"),
)


ROUNDS = tuple(use for use in USES if use[1] in ("rounds", "interval_s", "duration_s"))


def meant(words: str, uses: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The slots that the words of an answer may mean, likeliest first."""
    return tuple(
        slot for pattern, slot in uses if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", words, re.I)
    )


def chosen(question: Question, words: str, is_value: Callable[[str], bool]) -> str:
    """The words that count: a choice or the proposal where they are pointed at, else the words.

    "" where a bare number could point at a choice and be a value as well, and where a yes finds
    nothing proposed.
    """
    if YES.fullmatch(words):
        return question.proposed
    folded = words.casefold().rstrip(".!")
    exact = [c for c in question.choices if c.casefold() == folded]
    starting = [c for c in question.choices if c.casefold().startswith(f"{folded} ")]
    place = _place(words)
    if exact:
        return exact[0]
    if len(starting) == 1 and len(folded) > 2:
        return starting[0]
    if place is None or place >= len(question.choices):
        return words
    return "" if words.isdigit() and is_value(words) else question.choices[place]


def _place(words: str) -> int | None:
    match = _NUMBERED.fullmatch(words)
    if match is None:
        return None
    if match.group(1):
        return int(match.group(1)) - 1 if match.group(1) != "0" else None
    word = match.group(2).casefold()
    return next((i for i, named in enumerate(_FIRSTS) if word in named), None)
