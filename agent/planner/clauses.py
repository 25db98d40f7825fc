"""Clauses of an instruction, and what each is about: the time lapse, the reaction, messages ...

A person says "every 5 min" of the time lapse and "every 20 s" of the reaction to a dividing cell;
which is which depends on the clause, and on the condition before or after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About, Clause
from agent.planner.clause_about import condition, one_sentence
from agent.planner.clause_cuts import cut_places, goes_on_into
from agent.planner.clause_watching import film_what_divides, lapse_of_a_watch, watch_and_film

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.marks import Mark


def clauses(
    text: str,
    marks: Sequence[Mark],
    held: Sequence[tuple[int, int]],
    joins: re.Pattern[str],
    places: Sequence[int] = (),
) -> list[Clause]:
    """Cut a normal text into clauses and say what each is about.

    `held`: places of quantities and lists of names, which are never cut. `joins`: "and", "but".
    """
    cuts = cut_places(text, marks, held, joins, places)
    found = []
    for start, end, sentence in cuts:
        inside = tuple(m for m in marks if start <= m.start < end or goes_on_into(m, start))
        found.append(
            Clause(
                start,
                end,
                sentence,
                inside,
                sum(start <= a < end for a, _ in held),
                concepts=frozenset(m.concept for m in inside if not _denied(text, m, inside)),
                places=sum(start <= at < end for at in places),
                bare=any(
                    start <= a < end and not re.sub(r"[\W_]", "", text[start:a] + text[b:end])
                    for a, b in held
                ),
            )
        )
    _say_what_about(text, found)
    return found


def _denied(text: str, mark: Mark, marks: Sequence[Mark]) -> bool:
    """ "Without autofocus": no sign of autofocus. "No mail unless it fails" is one of mail."""
    if mark.concept == "notify" and _UNLESS.match(text, mark.end):
        return False
    return mark.concept in ("autofocus", "notify", "stop_run") and any(
        m.concept == "not"
        and 0 <= mark.start - m.end <= 5
        and not text[m.end : mark.start].strip(" a")
        for m in marks
    )


_UNLESS = re.compile(
    r"[^.;!?\n]{0,24}\b(unless|except|other than|au(ß|ss)er|es sei denn|sauf|excepté|tranne|salvo"
    r"|a meno"
    r"|a menos|excepto)\b",
    re.I,
)


def _say_what_about(text: str, found: list[Clause]) -> None:
    triggered = False
    for clause in found:
        clause.conditional = any(
            m.concept == "if" and not text[clause.start : m.start].strip(" ,.;:-(>")
            for m in clause.marks
        )
    conditions = any(c.conditional and condition(c, c.concepts) is About.TRIGGER for c in found)
    for number in sorted({clause.sentence for clause in found}):
        sentence = [clause for clause in found if clause.sentence == number]
        triggered = one_sentence(text, sentence, triggered, conditions)
    if not triggered:
        film_what_divides(text, found)
    lapse_of_a_watch(found)
    watch_and_film(found)
