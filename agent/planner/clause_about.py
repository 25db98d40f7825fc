"""What each clause of a sentence is about: the time lapse, the reaction, messages ..."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import PLAIN, About, Clause, target_of
from agent.planner.clause_reactions import (
    arrow_after,
    films_in_brackets,
    heading,
    in_brackets,
    only_the_first,
    reaction_before,
)
from agent.planner.stories import tells

if TYPE_CHECKING:
    pass

_LABELS = (
    (
        re.compile(
            r"\W*(trigger|event|target|watch for|auslöser|ereignis|déclencheur|evento"
            r"|disparador)\s*[:=]",
            re.I,
        ),
        "trigger",
    ),
    (
        re.compile(
            r"\W*(reactions?|bursts?|responses?|on event|reaktion(?:en)?|réactions?|reazion[ei]"
            r"|reacci(?:ón|ones))\s*:",
            re.I,
        ),
        "reaction",
    ),
    (
        re.compile(
            r"\W*(auto-?fo[ck]us|focus|af|fokus|mise au point|autofoco|messa a fuoco)\s*:", re.I
        ),
        "focus",
    ),
    (
        re.compile(r"\W*(imaging|acquisition|aufnahme|bilder|acquisizione|adquisición)\s*:", re.I),
        "baseline",
    ),
    (
        re.compile(r"\W*(baseline|time ?lapse|survey|basis|grundlinie|zeitraffer)\s*:", re.I),
        "baseline",
    ),
)


def _label(text: str, clause: Clause) -> str:
    """ "Reaction: 12 s, 10 min": a heading says what a line is about."""
    for pattern, name in _LABELS:
        if pattern.match(text[clause.start : clause.end + 1]):
            return name
    return ""


def one_sentence(text: str, sentence: list[Clause], triggered: bool, conditions: bool) -> bool:
    """Say of each clause what it is about; whether a trigger has been met by now."""
    own = [_alone(text, clause) for clause in sentence]
    if About.SEARCH in own:
        own = [None if about is About.TRIGGER else about for about in own]
    if own[0] is About.FOCUS and not any(_leaves_focus(text, c) for c in sentence):
        own = [about if about is not None else About.FOCUS for about in own]
    has = {concept for clause in sentence for concept in clause.concepts}
    label = _label(text, sentence[0])
    if label:
        for clause in sentence:
            clause.about = About(label)
        return triggered or label not in ("baseline", "focus")
    trigger: int | None = None
    before: About | None = None
    for i, clause in enumerate(sentence):
        about = own[i]
        begins_if = clause.conditional
        if begins_if:
            acts = any(
                c.quantities > c.places and not c.has("notify", "stop_run", "autofocus")
                for c in sentence[i + 1 :]
                if not c.places
            )
            about = condition(clause, has | {"acts"} if acts else has)
            told = "@" in text[sentence[0].start : sentence[-1].end] and not acts
            if about is About.TRIGGER and told and clause.has("trouble", "done", "question_event"):
                about = About.NOTIFY if not clause.has("target") else about
            if about is About.TRIGGER and about is not None:
                trigger = i
        elif (
            about is None
            and clause.has("target")
            and (arrow_after(text, clause) or heading(text, clause))
        ):
            about, trigger = About.TRIGGER, i
        elif (
            trigger is not None
            and not any(c.about is About.REACTION for c in sentence[trigger:i])
            and in_brackets(text, clause, sentence[trigger])
            and not sentence[trigger].has("stack", "exposure", "objective")
        ):
            about = About.BASELINE if about is None else about
        if about is None and i and films_in_brackets(text, clause, sentence[i - 1]):
            about = About.REACTION
        if about is None:
            if clause.has("otherwise"):
                about, trigger = About.BASELINE, None
            elif clause.has("in_burst") or (
                trigger is not None and trigger < i and _follows(sentence, trigger, i, conditions)
            ):
                about = About.REACTION
            elif before in (About.FOCUS, About.NOTIFY, About.STOP) and _belongs(clause, before):
                about = before
            elif (triggered and _resumes(clause)) or (
                clause.has("until_gone", "follow", "once_per_field", "once_only")
                and About.SEARCH not in own
                and (triggered or trigger is not None or "target" in has)
                and not (clause.places and target_of(clause) is None and trigger is None)
            ):
                about = About.REACTION
            else:
                about = About.BASELINE
        if about is About.TRIGGER:
            trigger = i
        clause.about = about
        before = about
    for i, clause in enumerate(sentence):
        if (
            i
            and clause.has("in_burst")
            and re.search(
                r"\b(only|just|nur|seulement|solo|sólo)\b", text[clause.start : clause.end], re.I
            )
        ):
            for earlier in sentence[:i]:  # "a stack, but only in bursts"
                if earlier.about is About.BASELINE and not earlier.places:
                    earlier.about = About.REACTION
    if trigger is None and not triggered:
        trigger = only_the_first(sentence)
    if trigger is not None:
        reaction_before(sentence, trigger)
    return triggered or trigger is not None


_FOR_SO_LONG = re.compile(r"\b(?:for|für|pendant|per|durante|über)\s+(?:about |etwa )?\d", re.I)


def _leaves_focus(text: str, clause: Clause) -> bool:
    """Whether a clause of a sentence that begins with autofocus is about the images."""
    if clause.places or (clause.has("search") and clause.has("best", "return")):
        return True
    if clause.has("every") and clause.quantities and not clause.has("nth", "every_visit"):
        return True
    return _FOR_SO_LONG.search(text, clause.start, clause.end) is not None


def _alone(text: str, clause: Clause) -> About | None:
    """What a clause is about by its own words; None where they do not say."""
    if clause.conditional:
        return None
    if not clause.places and tells(text[clause.start : clause.end]):
        return About.STORY
    asked = bool(clause.places) and clause.has("plan_verb") and clause.quantities > clause.places
    told = not clause.has("every", "exposure", "stack", "channel", "by_count", "once")
    if clause.has("past") and told and not asked:
        return About.STORY
    if clause.has("notify"):
        return About.NOTIFY
    if clause.has("stop_run") and not clause.has("af_fail"):
        return About.STOP
    ends = clause.has("until") and clause.has("events") and not clause.has("every")
    if ends and clause.quantities and not clause.places:
        return About.STOP  # "until you have 15 divisions"
    focus = [m for m in clause.marks if m.concept == "autofocus"]
    if clause.has("autofocus") and (
        focus[0].start - clause.start <= 16
        or not (clause.places or clause.has("exposure", "channel"))
    ):
        return About.FOCUS
    if clause.has("af_fail") and not clause.has("stack") and not clause.places:
        return About.FOCUS
    if clause.has("best", "by_count", "by_confluence") and clause.has("search", "return", "best"):
        return About.SEARCH
    if clause.has("light", "disk") and clause.has("at_most", "per_field", "total_light"):
        return About.BUDGET
    if clause.has("exposure") and clause.has("at_most") and clause.has("per_field", "total_light"):
        return About.BUDGET
    watches = [m for m in clause.marks if m.concept == "watch"]
    if watches and (
        clause.has("target")
        or (
            watches[0].start - clause.start < 24
            and (not clause.places or _FOR.search(text[watches[0].start : watches[0].end]))
            and _STRONG.match(text[watches[0].start : watches[0].end])
        )
    ):
        return About.TRIGGER
    return None


def _follows(sentence: list[Clause], trigger: int, i: int, conditions: bool) -> bool:
    """Whether a clause after a trigger says what is done then.

    "Watch for mitosis, every 5 min for 12 h; when there is one, ...": where a condition comes
    later, what follows "watch for" is about the time lapse.
    """
    if sentence[trigger].conditional or not conditions:
        return True
    return any(c.has("react", "there") for c in sentence[trigger + 1 : i + 1])


_FOR = re.compile(r"\bfor$|\bnach$|\bauf$", re.I)


_STRONG = re.compile(  # whatever comes next is what is watched for
    r"(watch|look|wait|keep|hunt|be alert|on the look|interested|searching|ausschau|achte|halt"
    r"|warte"
    r"|guett|surveill|à l'aff|tieni|fai att|atent|vigil|est[ae] pend)",
    re.I,
)


def condition(clause: Clause, has: set[str] | frozenset[str]) -> About:
    """What a condition is a condition of."""
    if clause.has("target") and clause.has("every") and clause.quantities:
        return About.TRIGGER
    seen = any(m.concept == "target" and m.name not in PLAIN for m in clause.marks)
    if clause.has("af_fail", "autofocus") or (clause.has("focus_lost") and not seen):
        return About.FOCUS
    if clause.has("notify") or (
        "notify" in has and clause.has("trouble", "done", "question_event")
    ):
        return About.NOTIFY
    if "stop_run" in has and (
        clause.has("confluence") or (clause.has("events") and clause.quantities)
    ):
        return About.STOP
    if "stop_run" in has and clause.quantities and clause.has("target") and not clause.has("every"):
        return About.STOP
    if "stop_run" in has and clause.has("light", "disk"):
        return About.BUDGET
    if clause.has("light", "disk") and not clause.has("target"):
        return About.BUDGET
    reacts = {"react", "objective", "every"} | ({"acts"} if clause.has("target") else set())
    if "notify" in has and not (has & reacts) and not clause.quantities:
        return About.NOTIFY
    if clause.has("trouble", "done") and not clause.has("target") and has & {"notify", "stop_run"}:
        return About.NOTIFY
    if clause.has("notify"):
        return About.NOTIFY
    return About.TRIGGER


def _belongs(clause: Clause, before: About) -> bool:
    match before:
        case About.FOCUS:
            if clause.has("skip", "hold_last", "hold_position", "every_visit", "nth", "sweep"):
                return True
            if clause.has("range", "sweep") and not clause.has("stack", "planes", "step"):
                return True  # "autofocus every visit, range 16 um"
            return clause.bare and not clause.has("plan_verb", "every", "all_positions")
        case About.NOTIFY:
            return (
                clause.has("trouble", "done", "on_event", "question_event")
                and not clause.quantities
            )
        case _:
            return False


def _resumes(clause: Clause) -> bool:
    """Whether a later sentence goes on about the reaction."""
    if clause.has("otherwise"):
        return False
    return clause.has(
        "there", "react", "until_gone", "per_event", "follow", "once_only", "once_per_field", "then"
    )
