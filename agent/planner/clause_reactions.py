"""Where in a sentence a reaction stands: before its condition, in brackets, behind an arrow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About, Clause, target_of

if TYPE_CHECKING:
    pass

_ARROW = re.compile(r"→|⇒|=>|->")


def films_in_brackets(text: str, clause: Clause, before: Clause) -> bool:
    """ "Once 10 mitoses have been filmed (every 45 s, 25 min each), stop"."""
    opened = text[: clause.start].rfind("(") > text[: clause.start].rfind(")")
    filmed = before.has("react") and before.has("events") and before.has("target")
    goes_on = before.about is About.REACTION and opened
    return opened and (goes_on or (filmed and before.about in (About.STOP, About.TRIGGER)))


def only_the_first(sentence: list[Clause]) -> int | None:
    """ "Only the first division, every 15 s for 20 min": its place; the reaction follows."""
    for i, clause in enumerate(sentence):
        once = clause.about is About.REACTION and clause.has("once_only", "once_per_field")
        if once and target_of(clause) is not None and not clause.places:
            clause.about = About.TRIGGER
            for later in sentence[i + 1 :]:
                if later.places or later.about is not About.BASELINE:
                    break
                later.about = About.REACTION
            return i
    return None


def arrow_after(text: str, clause: Clause) -> bool:
    """Whether a clause ends in an arrow."""
    return bool(_ARROW.search(text, max(clause.end - 4, clause.start), clause.end))


def heading(text: str, clause: Clause) -> bool:
    """ "Mitosis: 30 s for 20 min": nothing but what is watched for, and a colon."""
    words = text[clause.start : clause.end].strip()
    if not words.endswith(":"):
        return False
    target = target_of(clause)
    if target is None:
        return False
    rest = text[clause.start : target.start] + text[target.end : clause.end]
    first = re.match(
        r"\W*(count|film|image|record|monitor|study|zähle|compte|conta|cuenta)", words, re.I
    )
    return first is None and len(re.findall(r"\w+", rest)) <= 5


def in_brackets(text: str, clause: Clause, trigger: Clause) -> bool:
    """ "Whenever a cell enters P2 (red, every 5 min), film it": brackets are no reaction."""
    before = text[trigger.start : clause.start]
    return before.count("(") > before.count(")")


def reaction_before(sentence: list[Clause], trigger: int) -> None:
    """ "Film it every 20 s when a cell divides": what stands before the condition is the reaction.

    Only where nothing of a reaction comes after it, and where the condition is one ("when", not
    "watch for").
    """
    after = [c for c in sentence[trigger + 1 :] if c.about is About.REACTION]
    told = any(c.quantities or c.has("objective", "react", "plan_verb", "stack") for c in after)
    own = sentence[trigger].quantities > sentence[trigger].places
    if not sentence[trigger].conditional:
        return
    if told or own:
        before = sentence[trigger - 1] if trigger else None
        if before is not None and before.about is About.BASELINE and not before.places:
            goes_over = before.has("react") and not before.has("every", "for")
            before.about = About.REACTION if goes_over else About.BASELINE
        return
    taken = False
    for clause in reversed(sentence[:trigger]):
        if clause.about is About.BASELINE and not clause.places:
            if taken and not clause.bare:
                return
            clause.about, taken = About.REACTION, True
            if not clause.bare:
                return
            continue
        if clause.about is not About.NOTIFY:
            return
