"""What is watched for, and how the run reacts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.marks import Mark
    from agent.planner.nearby import Nearby

GENERIC = ("cell", "nucleus")  # named in most conditions, seldom what is meant
_FILL = re.compile(
    r"^(?:(you|we|i|it|there|he|she|the judge|one|they|du|man|ich|sich|es|tu|vous|on|il y a|si|c'è"
    r"|hay|se)(?!\w))?\s*"
    r"('s|is|are|see|sees|find|finds|spot|spots|detect|detects|notice|notices|catch|catches|get"
    r"|have|has|"
    r"can see|comes? across|recogni[sz]es?|appears?|siehst|sieht|findest|findet|erscheint"
    r"|auftaucht|"
    r"vois|voyez|voit|trouves?|apparaît|aparece|ves|detectas|encuentras|vedi|trovi|compare|appare|"
    r"spunta)?\s*"
    r"(?:(?:that|of|for|any|some|a|an|the|one|another|first|new|at least one|eine?[nrms]?|der|die"
    r"|das|"
    r"une?|des|le|la|una?|il|lo|el|los|las|alguna?|jede[rs]?|irgendeine?)\s+|l'|un')*",
    re.I,
)
_APPEARS = re.compile(
    r"\s*\b(appears?|shows? up|is (visible|there|seen|found|detected|spotted|present|in view)|"
    r"comes? (into|in) (view|sight|the field)|enter(s|ing)?( the)?( field| view"
    r"| frame)?( of view)?|"
    r"coming (in|into view)|(appear|show|form|emerg)ing( up)?|crawl(s|ing)?|moves?|swims?|"
    r"pops? up|forms?|turns? up|becomes? visible|starts?( to)?|emerges?|arrives?|happens?|occurs?|"
    r"drifts? (by|in|into)|passes by|floats? (by|in)|swims? by|is forming|begins?( to)?|"
    r"can be seen|comes along|auftaucht|erscheint|auftritt|zu sehen( ist)?|sichtbar( ist| wird)?|"
    r"sich (bildet|zeigt)|vorbeikommt|kommt|apparaît|se forme|arrive|passe|est visible|appare"
    r"|compare|"
    r"si forma|entra|arriva|aparece|se forma|llega|pasa|es visible)\b.*$",
    re.I,
)
_PLACE = re.compile(
    r"[,;.:()\n]| and | then | at | in | on | und | dann | en | an | im | am | auf | bei | et "
    r"| dans | sur"
    r" | e | nel | nella | su | y ",
    re.I,
)
_NOTHING = frozenset(  # words that name nothing to look for
    re.findall(
        r"\S+",
        "come comes kommt kommen viene vienen arrive arrives appears it that this them something "
        "anything interesting found seen there so possible necessary needed one"
        " focus odd strange weird unusual happens happen wrong good ready done finished you they "
        "he she i we"
        " es das dies etwas was interessantes gefunden möglich nötig fokus seltsam komisch "
        "passiert gut fertig"
        " ça cela quelque chose intéressant trouvé possible nécessaire bizarre se passe arrive "
        "bon prêt"
        " qualcosa interessante trovato possibile necessario strano succede accade bene pronto "
        "fuoco"
        " each every event events ereignis ereignisse événement événements evento eventi eventos"
        " such film films movie movies burst bursts reaction reactions run runs recording "
        "experiment acquisition"
        " focus autofocus aufnahme lauf film experiment acquisition enregistrement ripresa "
        "esperimento experimento"
        " algo interesante encontrado posible necesario raro rara pasa ocurre bien listo foco lgo",
    )
)
_LABEL = re.compile(
    r"\W*(?:trigger|event|target|watch for|auslöser|ereignis|déclencheur|evento|disparador)\s*[:=]",
    re.I,
)
_SINGULAR = re.compile(r"(?<=[a-z]{3})(?<!s)s$")


def read_watching(clauses: Sequence[Clause], near: Nearby, found: Found) -> None:
    """Target, and whether the run reacts to it."""
    triggers = [c for c in clauses if c.about is About.TRIGGER or c.watches]
    reactions = [c for c in clauses if c.about is About.REACTION]
    searches = [c for c in clauses if c.about is About.SEARCH]
    named = [
        (m, c)
        for c in (*triggers, *reactions, *searches, *clauses)
        for m in c.marks
        if m.concept == "target"
    ]
    in_triggers = [m for m, c in named if c.about is About.TRIGGER or c.watches]
    chosen = _choose(in_triggers)
    if chosen is not None and chosen.name in GENERIC:
        same = {c.sentence for c in triggers if c.conditional}
        telling = [m for m, c in named if c.sentence in same and m.name not in GENERIC]
        chosen = next((m for m in telling if m.start > chosen.start), chosen)
    if triggers:
        place = triggers[0]
        found.say("watch", True, place.start, place.end)
        if chosen is None or chosen.name in GENERIC:
            words = _free_words(near.text, triggers, chosen)
            if words is not None:
                text, start, end = words
                found.say("target", text, start, end, "target")
                return
    if chosen is None and (triggers or reactions):
        chosen = _choose([m for m, c in named if c.about is About.REACTION])
    if chosen is None and searches:
        sentences = {c.sentence for c in searches}
        chosen = _choose(
            [m for m, c in named if c.about is About.SEARCH and m.name not in GENERIC]
            + [m for m, c in named if c.sentence in sentences and m.name not in GENERIC]
        )
    if chosen is None and triggers:
        chosen = _choose([m for m, _ in named])
    if chosen is None:
        told = (About.STOP, About.NOTIFY)
        chosen = _choose([m for m, c in named if c.about in told and m.name not in GENERIC])
    if chosen is not None and chosen.name in GENERIC and not _in_condition(chosen, triggers):
        chosen = _choose([m for m, c in named if c.about is not About.STORY])
    if chosen is not None:
        found.say("target", chosen.name, chosen.start, chosen.end, "target")


def _in_condition(mark: Mark, triggers: Sequence[Clause]) -> bool:
    """Whether it is what a condition speaks of: "when a cell enters the field"."""
    return any(c.conditional and c.start <= mark.start < c.end for c in triggers)


def _choose(marks: Sequence[Mark]) -> Mark | None:
    """The most telling one: a dividing cell is meant by "as soon as a cell divides"."""
    telling = [m for m in marks if m.name not in GENERIC]
    for m in telling or marks:
        return m
    return None


def _free_words(
    text: str, triggers: Sequence[Clause], chosen: Mark | None
) -> tuple[str, int, int] | None:
    """What is watched for in the person's own words: "as soon as a rosette shows up"."""
    for clause in sorted(triggers, key=lambda c: not c.conditional):
        start = clause.start
        opening = [m for m in clause.marks if m.concept in ("if", "watch")]
        if opening:
            start = max(m.end for m in opening if m.start <= opening[0].end + 2)
        elif not _LABEL.match(text, clause.start):
            continue
        body = text[start : clause.end]
        lead = len(body) - len(body.lstrip())
        fill = _FILL.match(body[lead:])
        begin = start + lead + (fill.end() if fill else 0)
        rest = text[begin : clause.end]
        rest = _PLACE.split(rest)[0]
        rest = _APPEARS.sub("", rest).strip(" -")
        words = rest.lower().split()
        if not 1 <= len(words) <= 4 or any(any(ch.isdigit() for ch in w) for w in words):
            continue
        if chosen is not None and rest.lower() in ("cell", "cells", "nucleus", "nuclei"):
            return None
        if _NOTHING & set(words) or len("".join(words)) < 3:
            continue
        end = begin + len(rest)
        return _SINGULAR.sub("", " ".join(words)), begin, end
    return None


def read_reaction(clauses: Sequence[Clause], near: Nearby, found: Found) -> None:
    """How often, how long, and whether the stage follows."""
    reacts = [c for c in clauses if c.about in (About.REACTION, About.TRIGGER)]
    if not reacts:
        return
    flags = (
        ("until_gone", "reaction.until_gone", True),
        ("follow", "reaction.follow", True),
        ("once_per_field", "reaction.repeat", "once_per_field"),
        ("once_only", "reaction.repeat", "once"),
        ("per_event", "reaction.repeat", "every_event"),
    )
    for concept, slot, value in flags:
        strong = concept in ("once_only", "once_per_field", "follow", "until_gone")
        for clause in clauses if strong else reacts:
            mark = near.within(clause, concept)
            if mark is None or near.denied(mark.start, words=1):
                continue
            if slot == "reaction.repeat" and slot in found.said:
                continue
            if concept == "per_event" and clause.about is About.TRIGGER and clause.conditional:
                continue  # "whenever": the usual way
            found.say(slot, value, mark.start, mark.end)
