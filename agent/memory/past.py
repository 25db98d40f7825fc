"""Which past run or document somebody means. Two that could be meant are a question, no guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from agent.memory.data import Ambiguous, Hit, PastRun
from agent.memory.days import WEEKDAYS, days_in
from agent.memory.phrase import document_phrase, says_which
from agent.memory.words import COMMON, GENERIC, fold

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from agent.memory.days import Period
    from agent.memory.memory import Memory

T = TypeVar("T")
ENOUGH = 0.45  # share of the words that a document must have
SOME, CLOSE = 0.3, 0.5  # less will do where the meaning is as near as this (cosine)
MARGIN = 0.12  # of share and cosine together, by which the best must lead
MOST_CHOICES = 6
_RUN = (
    r"time|times|runs?|experiments?|acquisitions?|sessions?|mal|lauf|laufs|aufnahme|versuch"
    r"|experiment|fois|essai|manip|experience|volta|corsa|acquisizione|esperimento|vez"
    r"|adquisicion|experimento|corrida"
)
_LIKE = re.compile(
    r"\b(?:same|(?<!would )(?<!\bd )(?<!\bi )like|again|repeat|redo|copy|what we did"
    r"|as (?:on|in|the|last|before|yesterday|we)|exactly as"
    r"|wie|gleich\w*|genau\w*|nochmal|noch einmal|wiederhol\w*|dasselbe"
    r"|comme|pareil\w*|meme|refai\w*|repet\w*|come|stess\w+|ripet\w+|uguale"
    r"|igual|como|mism\w+|repit\w+)\b"
)
_AHEAD = re.compile(  # "until Friday", "ab Montag": no run, a time to come
    r"\b(?:until|till|til|by|starting|start on|stop on|next|bis|ab|nachste\w*|jusqu|prochain\w*"
    r"|fino|prossim\w+|hasta|proxim\w+|tomorrow|morgen um|demain|domani|manana)\b"
    r"(?: (?:a|al|au|on|the|zum|el|le|la|on))*(?: \w+)?"
)
_TURNS = ("time", "times", "mal", "fois", "volta", "vez")  # "last time": no name is near these
_BEFORE_VERBS = ("to", "and", "then", "please", "i", "we", "you", "can", "could", "let", "us")
SHORT = 5  # so many words may name a day alone; in more, words must say that something is repeated
_LAST = re.compile(
    r"\b(?:last|latest|previous|most recent|letzte[nrms]?|vorige[nrms]?|derni\w+|ultim[ao])"
    rf"((?: \w+){{0,2}}?) (?:{_RUN})\b(?! (?:points?|steps?|frames?))"
    rf"|\b(?:{_RUN}) ((?:\w+ ){{0,2}}?)(?:precedente?|derniere?|scors[ao]|pasad[ao]|anterior)\b"
    r"|\bas before\b|\bsame again\b|\bzuletzt\b"
)
_BEFORE_LAST = re.compile(
    r"\b(?:before last|last but one|second to last|vorletzte\w*|avant derni\w+|penultim\w+)\b"
)
_NOUN = re.compile(rf"\b(?:{_RUN})\b")
_NO_NAME = (
    "last latest previous recent most same again before but one s night week month day days ago"
    " yesterday today morning letzte letzten letzter letztes letztem vorige gestern heute nacht"
    " derniere dernier hier ieri scorsa scorso ultima ultimo ayer anoche pasada pasado time times"
    " run runs experiment mal fois volta vez do repeat redo every each except only instead with"
    " wiederhole nochmal wieder gleiche gleichen dasselbe meme pareil refais stesso stessa mismo"
    " misma repite ripeti"
    " minute minutes minuten second seconds hour hours settings real from on"
)
_NO_NAMES = COMMON | GENERIC | frozenset(WEEKDAYS) | frozenset(_NO_NAME.split())


def which_run(
    words: str, now: dt.datetime, runs: Iterable[PastRun]
) -> PastRun | Ambiguous[PastRun] | None:
    """The run that "last Tuesday", "the last HeLa run" or a run's name means.

    `now`: local time, with or without a time zone. None: no such run, or the words mean none
    (`days_in` tells which days they name). Ambiguous: more than one, newest first.
    """
    known = sorted((r for r in runs if r.started <= now.astimezone()), key=_newest)
    named = [run for run in known if re.search(rf"(?<!\w){re.escape(run.name)}(?!\w)", words)]
    if named:
        return _one(named, "both are named")
    text = _AHEAD.sub(" ", fold(words))
    asked, periods = _names(text), days_in(text, now)
    steps = 1 if _BEFORE_LAST.search(text) else 0 if _is_last(text) else None
    if not _speaks_of_a_run(text) or (steps is None and not periods and not asked):
        return None
    pool = [run for run in known if not periods or any(_within(run, p, now) for p in periods)]
    about = [run for run in pool if asked & _said_by(run)]
    if asked and pool and not about:
        why = f"no run there says “{' '.join(sorted(asked))}”"
        return Ambiguous(tuple(pool[:MOST_CHOICES]), why)
    pool = about if asked else pool
    if steps is not None:
        return pool[steps] if len(pool) > steps else None
    when = " or ".join(str(period) for period in periods)
    return _one(pool, f"more than one run on {when}" if when else "more than one run fits")


def which_document(words: str, memory: Memory) -> Hit | Ambiguous[Hit] | None:
    """The protocol that "our HeLa protocol" or a file's name means, by its best passage.

    None: no protocol has these words. Ambiguous: two or more fit nearly as well, best first.
    """
    phrase = document_phrase(words)
    found = memory.named(phrase)
    said = f" {fold(phrase)} "
    called = [hit for hit, _ in found if _is_called(hit.document, said)]
    if called:
        return _one(called, "both are named")
    if not says_which(said):
        return _one([hit for hit, _ in found], "no word says which")
    fitting = [hit for hit, share in found if _fits(share, hit.score - share)]
    near = [hit for hit in fitting if hit.score >= fitting[0].score - MARGIN]
    return _one(near, "these fit nearly as well")


def _one(found: Sequence[T], why: str) -> T | Ambiguous[T] | None:
    if len(found) > 1:
        return Ambiguous(tuple(found[:MOST_CHOICES]), why)
    return found[0] if found else None


def _fits(share: float, cosine: float) -> bool:
    return share >= ENOUGH or (share >= SOME and cosine >= CLOSE)


def _is_called(document: str, said: str) -> bool:
    """Whether the folded words have the file's name, with or without its ending."""
    name = fold(document)
    return f" {name} " in said or f" {name.rpartition('.')[0] or name} " in said


def _speaks_of_a_run(text: str) -> bool:
    short = len(text.split()) <= SHORT
    return short or bool(_LIKE.search(text) or _NOUN.search(text) or _is_last(text))


def _newest(run: PastRun) -> tuple[float, str]:
    return -run.started.timestamp(), run.name


def _is_last(text: str) -> bool:
    for match in _LAST.finditer(text):
        between = f"{match[1] or ''} {match[2] or ''}".split()
        if not any(w in WEEKDAYS or w in ("night", "week", "month", "nacht") for w in between):
            return True
    return False


def _names(text: str) -> frozenset[str]:
    """Words next to "run", "Lauf", ... that say which one: "the last HeLa run"."""
    words = re.findall(r"\w+", text)
    near: set[str] = set()
    for place, word in enumerate(words):
        verb = word == "run" and (place == 0 or words[place - 1] in _BEFORE_VERBS)
        if _NOUN.fullmatch(word) and word not in _TURNS and not verb:
            near.update(words[max(place - 2, 0) : place])
            near.update(words[place + 1 : place + 2])
    return frozenset(w for w in near if len(w) > 1 and not w[0].isdigit()) - _NO_NAMES


def _said_by(run: PastRun) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", fold(f"{run.name} {run.goal} {run.kind}")))


def _within(run: PastRun, period: Period, now: dt.datetime) -> bool:
    started = run.started.astimezone(now.tzinfo)
    if now.tzinfo is None:
        started = started.replace(tzinfo=None)
    return period.first <= started < period.end
