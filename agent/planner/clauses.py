"""Clauses of an instruction, and what each is about: the time lapse, the reaction, messages ...

A person says "every 5 min" of the time lapse and "every 20 s" of the reaction to a dividing cell;
which is which depends on the clause, and on the condition before or after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.stories import tells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.marks import Mark


class About(StrEnum):
    """What a clause is about."""

    BASELINE = "baseline"
    TRIGGER = "trigger"  # as soon as a cell divides
    REACTION = "reaction"
    SEARCH = "search"
    STOP = "stop"
    NOTIFY = "notify"
    FOCUS = "focus"
    BUDGET = "budget"
    STORY = "story"  # what happened before; its numbers are of no concern


@dataclass(slots=True)
class Clause:
    """Characters `start` to `end` of the normal text, in sentence number `sentence`."""

    start: int
    end: int
    sentence: int
    marks: tuple[Mark, ...]
    quantities: int = 0  # how many quantities and lists of names are in it
    about: About = About.BASELINE
    conditional: bool = False  # begins with "if", "as soon as", ...
    bare: bool = False  # nothing but one quantity: "5 ms"
    watches: bool = False  # about the time lapse, and says what is watched for
    places: int = 0  # how many names of positions or wells are in it
    concepts: frozenset[str] = field(default_factory=frozenset)

    def has(self, *concepts: str) -> bool:
        """Whether any of them is in the clause."""
        return not self.concepts.isdisjoint(concepts)


_SHORT = r"e\.g|i\.e|z\.b|pos|approx|ca|max|min|máx|no|nr|exp|incl|vs|resp|obj|std|sek|sec|hrs?|ms|bel|st|dr|etc|env"
_ENDS = re.compile(r"(?<!\b\w\.\w)[.!?]+(?=\s|$)|\n+|;|(?<=\s)[•*](?=\s)|(?:^|(?<=\n))\s*-\s", re.I)
_UNIT = re.compile(r"(?:^|[^\w])(?:hrs?|sek|sec|std|min|ms|mins|secs)$", re.I)
_GOES_ON = re.compile(r"\s*(?:\d|(?:of|for|every|each|und|and|per|at|in|lang|long|alle)\b)", re.I)
_AFTER_SHORT = re.compile(rf"(?:^|[^\w])(?:{_SHORT})$", re.I)
_COMMAS = re.compile(
    r",(?!\d)|,(?=\d)(?<=\D,)|\s[-/|]+>?\s|\s?[→⇒]\s?|\s?=>\s?|\s?->\s?|:(?=\s)|\(|\)"
)
_ARROW = re.compile(r"→|⇒|=>|->")
# what a new clause after "and" begins with
_OPENERS = (
    "plan_verb",
    "react",
    "search",
    "return",
    "notify",
    "stop_run",
    "watch",
    "autofocus",
    "follow",
    "if",
    "then",
    "otherwise",
    "gentle",
)


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
    cuts = _cuts(text, marks, held, joins, places)
    found = []
    for start, end, sentence in cuts:
        inside = tuple(m for m in marks if start <= m.start < end or _goes_on_into(m, start))
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


def _goes_on_into(mark: Mark, start: int) -> bool:
    """ "Only if it is lost", cut before "if"."""
    return mark.concept == "focus_lost" and mark.start < start < mark.end - 2


_SO = re.compile(
    r",?\s(?:so|deshalb|daher|donc|alors|quindi|perciò|así que|por eso)\s+(?!that|far|much|many|on\b|as\b|little|long|few|wenig|viel)(?=\w)"
    r"|\s(?:and|und|et|e|y)\s+(?=(?:after|nach|après|dopo|después de|tras)\s+(?:\d|two|three|four|five|six|ten|twelve|zwei|drei|vier|fünf|zehn|deux"
    r"|trois|quatre|cinq|dix|due|tre|quattro|cinque|dieci|dos|tres|cuatro|cinco|diez)\b)"
    r"|,?\s(?:but|aber|mais|ma|pero)\s+(?=(?:today|now|this time|heute|jetzt|diesmal|aujourd'hui|cette fois|oggi|stavolta"
    r"|questa volta|hoy|ahora|esta vez)(?!\w))"
    r"|\s(?:and|und|et|e|y)\s+(?=(?:i|we|ich|wir|je|on|nous)\s+(?:want|need|would|'d|will|brauch|möcht|veux|voud|aimer)"
    r"|(?:vorrei|voglio|mi serve|quiero|necesito|quisiera)(?!\w))",
    re.I,
)


def _cuts(
    text: str,
    marks: Sequence[Mark],
    held: Sequence[tuple[int, int]],
    joins: re.Pattern[str],
    spots: Sequence[int],
) -> list[tuple[int, int, int]]:
    def free(at: int) -> bool:
        return not any(a < at < b for a, b in held) and not any(
            m.start < at < m.end for m in marks if m.concept == "if"
        )

    ends = [
        m.end()
        for m in _ENDS.finditer(text)
        if free(m.start()) and free(m.end()) and not _abbreviated(text, m.start(), m.end())
    ]
    places = {m.end() for m in _COMMAS.finditer(text) if free(m.start())}
    for mark in marks:
        if mark.concept in ("if", "otherwise") and free(mark.start):
            places.add(mark.start)
        if mark.concept == "notify" and free(mark.start) and not _condition_before(mark, marks):
            denial = [m for m in marks if m.concept == "not" and 0 <= mark.start - m.end <= 4]
            places.add(denial[0].start if denial else mark.start)
    for at in spots:  # "mail me when it is done position 3 every 2 min": nobody said a comma
        told = [m for m in marks if m.concept in ("done", "trouble") and m.end <= at <= m.end + 3]
        if told and free(at):
            places.add(at)
    places |= {m.start() for m in _SO.finditer(text) if free(m.start())}
    for match in joins.finditer(text):
        near = [
            m
            for m in marks
            if match.end() <= m.start <= match.end() + 14
            and not re.search(r"[.;\n]\s", text[match.end() : m.start])
        ]
        if free(match.start()) and any(m.concept in _OPENERS for m in near):
            places.add(match.start())
    edges = sorted({0, len(text), *places, *ends})
    sentence, out = 0, []
    for a, b in pairwise(edges):
        if text[a:b].strip(" ,.;:\n-()"):
            out.append((a, b, sentence))
        if b in ends:
            sentence += 1
    return out


def _abbreviated(text: str, start: int, end: int) -> bool:
    """ "max. 100 ms": the full stop of a short word before a number or a small letter."""
    if text[start:end] != "." or not _AFTER_SHORT.search(text[max(0, start - 8) : start]):
        return False
    rest = text[end:].lstrip()
    if _UNIT.search(text[max(0, start - 8) : start]) and not _GOES_ON.match(text, end):
        return False  # "48 hrs. autofocus ..."
    return bool(rest) and (rest[0].isdigit() or rest[0].islower())


def _condition_before(mark: Mark, marks: Sequence[Mark]) -> bool:
    return any(m.concept == "if" and mark.start - 3 <= m.end <= mark.start for m in marks)


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
    r"[^.;!?\n]{0,24}\b(unless|except|other than|au(ß|ss)er|es sei denn|sauf|excepté|tranne|salvo|a meno"
    r"|a menos|excepto)\b",
    re.I,
)
_LABELS = (
    (
        re.compile(
            r"\W*(trigger|event|target|watch for|auslöser|ereignis|déclencheur|evento|disparador)\s*[:=]",
            re.I,
        ),
        "trigger",
    ),
    (
        re.compile(
            r"\W*(reactions?|bursts?|responses?|on event|reaktion(?:en)?|réactions?|reazion[ei]|reacci(?:ón|ones))\s*:",
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


def _say_what_about(text: str, found: list[Clause]) -> None:
    triggered = False
    for clause in found:
        clause.conditional = any(
            m.concept == "if" and not text[clause.start : m.start].strip(" ,.;:-(>")
            for m in clause.marks
        )
    conditions = any(c.conditional and _condition(c, c.concepts) is About.TRIGGER for c in found)
    for number in sorted({clause.sentence for clause in found}):
        sentence = [clause for clause in found if clause.sentence == number]
        triggered = _one_sentence(text, sentence, triggered, conditions)
    if not triggered:
        _film_what_divides(text, found)
    _lapse_of_a_watch(found)
    _watch_and_film(found)


def _lapse_of_a_watch(found: list[Clause]) -> None:
    """ "Watch for mitosis at P1 every 5 min for 6 h; then 20 s for 10 min": both times are said."""
    for n, clause in enumerate(found):
        if clause.about is not About.TRIGGER or clause.conditional or not clause.places:
            continue
        later = [c for c in found[n + 1 :] if c.about is About.REACTION]
        lapse = [c for c in found if c.about is About.BASELINE and c.has("every") and c.quantities]
        times = clause.quantities - clause.places
        if times >= 2 and clause.has("every") and not lapse and any(c.quantities for c in later):
            clause.about, clause.watches = About.BASELINE, True


def _watch_and_film(found: list[Clause]) -> None:
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
        if c.about is About.BASELINE and not c.places and c.quantities and _target_of(c) is not None
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
    r"\W*(?:and |und |et |e |y |then |each |every |the )?(?:films?|movies?|bursts?|filme|filmen|reaktion(?:en)?"
    r"|réactions?|reazion[ei]|filmati|películas?|ráfagas?|videos?)\b",
    re.I,
)
_BEGIN = 28  # characters from the begin of a clause to what it is about


def _film_what_divides(text: str, found: list[Clause]) -> None:
    """ "P1 every 5 min for 2 h; film a dividing cell every 30 s": a reaction without an "if".

    Only where the time lapse has an interval of its own in another clause.
    """
    named = any(_target_of(c) is not None for c in found)
    for clause in found:
        if _faster(text, clause, found):
            return
        after_all = clause.about is About.REACTION and _target_of(clause) is not None
        if not (clause.about is About.BASELINE or after_all) or clause.places:
            continue
        target = _target_of(clause)
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
    r"\b(?:faster|more often|more frequently|at a higher rate|closer|schneller|öfter|häufiger|plus (?:vite|souvent)"
    r"|più (?:veloce|spesso|veloci|frequente)|más (?:rápido|a menudo|seguido))\b",
    re.I,
)


def _faster(text: str, clause: Clause, found: list[Clause]) -> bool:
    """ "Film dividing cells faster": a reaction whose interval is to be asked for."""
    if clause.about is not About.BASELINE or not _FASTER.search(text, clause.start, clause.end):
        return False
    same = [c for c in found if c.sentence == clause.sentence and c.about is About.BASELINE]
    targets = [c for c in (clause, *same) if _target_of(c) is not None]
    if not targets:
        return False
    clause.about = About.REACTION
    targets[0].about = About.TRIGGER
    return True


def _target_of(clause: Clause) -> Mark | None:
    targets = [m for m in clause.marks if m.concept == "target" and m.name not in _PLAIN]
    return targets[0] if targets else None


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


_PLAIN = ("cell", "nucleus")


def _one_sentence(text: str, sentence: list[Clause], triggered: bool, conditions: bool) -> bool:
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
            about = _condition(clause, has | {"acts"} if acts else has)
            told = "@" in text[sentence[0].start : sentence[-1].end] and not acts
            if about is About.TRIGGER and told and clause.has("trouble", "done", "question_event"):
                about = About.NOTIFY if not clause.has("target") else about
            if about is About.TRIGGER and about is not None:
                trigger = i
        elif (
            about is None
            and clause.has("target")
            and (_arrow_after(text, clause) or _heading(text, clause))
        ):
            about, trigger = About.TRIGGER, i
        elif (
            trigger is not None
            and not any(c.about is About.REACTION for c in sentence[trigger:i])
            and _in_brackets(text, clause, sentence[trigger])
            and not sentence[trigger].has("stack", "exposure", "objective")
        ):
            about = About.BASELINE if about is None else about
        if about is None and i and _films_in_brackets(text, clause, sentence[i - 1]):
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
                and not (clause.places and _target_of(clause) is None and trigger is None)
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
        trigger = _only_the_first(sentence)
    if trigger is not None:
        _reaction_before(sentence, trigger)
    return triggered or trigger is not None


def _films_in_brackets(text: str, clause: Clause, before: Clause) -> bool:
    """ "Once 10 mitoses have been filmed (every 45 s, 25 min each), stop"."""
    opened = text[: clause.start].rfind("(") > text[: clause.start].rfind(")")
    filmed = before.has("react") and before.has("events") and before.has("target")
    goes_on = before.about is About.REACTION and opened
    return opened and (goes_on or (filmed and before.about in (About.STOP, About.TRIGGER)))


def _only_the_first(sentence: list[Clause]) -> int | None:
    """ "Only the first division, every 15 s for 20 min": its place; what follows is the reaction."""
    for i, clause in enumerate(sentence):
        once = clause.about is About.REACTION and clause.has("once_only", "once_per_field")
        if once and _target_of(clause) is not None and not clause.places:
            clause.about = About.TRIGGER
            for later in sentence[i + 1 :]:
                if later.places or later.about is not About.BASELINE:
                    break
                later.about = About.REACTION
            return i
    return None


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
    r"(watch|look|wait|keep|hunt|be alert|on the look|interested|searching|ausschau|achte|halt|warte"
    r"|guett|surveill|à l'aff|tieni|fai att|atent|vigil|est[ae] pend)",
    re.I,
)


def _condition(clause: Clause, has: set[str] | frozenset[str]) -> About:
    """What a condition is a condition of."""
    if clause.has("target") and clause.has("every") and clause.quantities:
        return About.TRIGGER
    seen = any(m.concept == "target" and m.name not in _PLAIN for m in clause.marks)
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


def _arrow_after(text: str, clause: Clause) -> bool:
    return bool(_ARROW.search(text, max(clause.end - 4, clause.start), clause.end))


def _heading(text: str, clause: Clause) -> bool:
    """ "Mitosis: 30 s for 20 min": nothing but what is watched for, and a colon."""
    words = text[clause.start : clause.end].strip()
    if not words.endswith(":"):
        return False
    target = _target_of(clause)
    if target is None:
        return False
    rest = text[clause.start : target.start] + text[target.end : clause.end]
    first = re.match(
        r"\W*(count|film|image|record|monitor|study|zähle|compte|conta|cuenta)", words, re.I
    )
    return first is None and len(re.findall(r"\w+", rest)) <= 5


def _in_brackets(text: str, clause: Clause, trigger: Clause) -> bool:
    """ "Whenever a cell enters P2 (red, every 5 min), film it": what is in brackets is no reaction."""
    before = text[trigger.start : clause.start]
    return before.count("(") > before.count(")")


def _reaction_before(sentence: list[Clause], trigger: int) -> None:
    """ "Film it every 20 s when a cell divides": what was said before the condition is the reaction.

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
