"""Reactions that no "if" says ("film a dividing cell every 30 s"), watches that hold the lapse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About, Clause, target_of

if TYPE_CHECKING:
    pass


def lapse_of_a_watch(found: list[Clause]) -> None:
    """ "Watch for mitosis at P1 every 5 min for 6 h; then 20 s for 10 min": both times are said."""
    for n, clause in enumerate(found):
        if clause.about is not About.TRIGGER or clause.conditional or not clause.places:
            continue
        later = [c for c in found[n + 1 :] if c.about is About.REACTION]
        lapse = [c for c in found if c.about is About.BASELINE and c.has("every") and c.quantities]
        times = clause.quantities - clause.places
        if times >= 2 and clause.has("every") and not lapse and any(c.quantities for c in later):
            clause.about, clause.watches = About.BASELINE, True


def watch_and_film(found: list[Clause]) -> None:
    """ "Mitosis is filmed at 20 s. Look for it at P1 every 5 min for 12 h": which is which.

    A watch with places, an interval and a length is the time lapse, where another sentence says of
    what is watched for how it is filmed.
    """
    watch = [
        c
        for c in found
        if c.about is About.TRIGGER and not c.conditional and c.places and c.has("every")
    ]
    films = [
        c
        for c in found
        if c.about is About.BASELINE and not c.places and c.quantities and target_of(c) is not None
    ]
    lapse = [c for c in found if c.about is About.BASELINE and c.places]
    if len(watch) == 1 and films and not lapse and watch[0].quantities - watch[0].places >= 2:
        watch[0].about, watch[0].watches = About.BASELINE, True
        films[0].about = About.TRIGGER
    for n, clause in enumerate(found):
        later = [c for c in found[n + 1 :] if c.about is About.REACTION and c.has("every")]
        before = [c for c in found[:n] if c.about is About.BASELINE and c.places]
        alone = clause.about is About.TRIGGER and not clause.conditional and not clause.places
        whole = alone and clause.quantities == 1 and not clause.has("every") and before
        if whole and later and later[0].quantities >= 2 and later[0].sentence == clause.sentence:
            clause.about, clause.watches = About.BASELINE, True  # "over 12 h for mitosis and film"


_FILMS = re.compile(  # "films of 10 min at 15 s": of what was said to be counted or watched
    r"\W*(?:and |und |et |e |y |then |each |every |the )?(?:films?|movies?|bursts?|filme|filmen"
    r"|reaktion(?:en)?"
    r"|réactions?|reazion[ei]|filmati|películas?|ráfagas?|videos?)\b",
    re.I,
)


_BEGIN = 28  # characters from the begin of a clause to what it is about


def film_what_divides(text: str, found: list[Clause]) -> None:
    """ "P1 every 5 min for 2 h; film a dividing cell every 30 s": a reaction without an "if".

    Only where the time lapse has an interval of its own in another clause.
    """
    named = any(target_of(c) is not None for c in found)
    for clause in found:
        if _faster(text, clause, found):
            return
        after_all = clause.about is About.REACTION and target_of(clause) is not None
        if not (clause.about is About.BASELINE or after_all) or clause.places:
            continue
        target = target_of(clause)
        told = target is not None and target.start - clause.start <= _BEGIN
        films = named and _FILMS.match(text, clause.start, clause.end) is not None
        after = _bare_after(found, clause) if told or films else []
        if not (clause.quantities or after) or not (told or films):
            continue
        mine = {id(clause), *map(id, after)}
        if _has_interval(found, mine) or (
            told and clause.has("react") and _has_length(found, clause)
        ):
            clause.about = About.TRIGGER
            for later in after:
                later.about = About.REACTION
            return


_FASTER = re.compile(
    r"\b(?:faster|more often|more frequently|at a higher rate|closer|schneller|öfter|häufiger"
    r"|plus (?:vite|souvent)"
    r"|più (?:veloce|spesso|veloci|frequente)|más (?:rápido|a menudo|seguido))\b",
    re.I,
)


def _faster(text: str, clause: Clause, found: list[Clause]) -> bool:
    """ "Film dividing cells faster": a reaction whose interval is to be asked for."""
    if clause.about is not About.BASELINE or not _FASTER.search(text, clause.start, clause.end):
        return False
    same = [c for c in found if c.sentence == clause.sentence and c.about is About.BASELINE]
    targets = [c for c in (clause, *same) if target_of(c) is not None]
    if not targets:
        return False
    clause.about = About.REACTION
    targets[0].about = About.TRIGGER
    return True


def _bare_after(found: list[Clause], clause: Clause) -> list[Clause]:
    """Clauses right behind one, in its sentence, that hold nothing but amounts."""
    out: list[Clause] = []
    for later in found[found.index(clause) + 1 :]:
        if later.sentence != clause.sentence or later.places:
            break
        if later.has("react") and not later.quantities and not out:
            continue  # "each apoptosis counts, react to all of them: 30 s"
        if later.about is not About.BASELINE:
            break
        if not (later.bare or later.has("every")):
            break
        out.append(later)
    return out


def _has_length(found: list[Clause], clause: Clause) -> bool:
    """ "P1 for 10 h; film mitoses every 30 s for 20 min": two lengths, of two things."""
    if not clause.has("every") or clause.quantities < 2:
        return False
    others = [c for c in found if c.about is About.BASELINE and c is not clause]
    return any(c.places for c in others) and any(c.quantities > c.places for c in others)


def _has_interval(found: list[Clause], without: set[int]) -> bool:
    """Whether the time lapse has its times in other clauses: an interval, or two bare times."""
    others = [c for c in found if c.about is About.BASELINE and id(c) not in without]
    if any(c.has("every") and c.quantities > c.places for c in others):
        return True
    return sum(c.quantities - c.places for c in others) >= 2 and any(c.places for c in others)
