"""Which past run or document somebody means. Two that could be meant are a question, no guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from agent.memory.data import Ambiguous, Hit, PastRun
from agent.memory.days import WEEKDAYS, days_in
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
_LAST = re.compile(
    r"\b(?:last|latest|previous|most recent|letzte[nrms]?|vorige[nrms]?|derni\w+|ultim[ao])"
    rf"((?: \w+){{0,2}}?) (?:{_RUN})\b"
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
    text = fold(words)
    steps = 1 if _BEFORE_LAST.search(text) else 0 if _is_last(text) else None
    periods = days_in(words, now)
    if steps is None and not periods and not _NOUN.search(text):
        return None
    asked = _names(text)
    if steps is None and not periods and not asked:
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
    found = memory.named(words)
    said = f" {fold(words)} "
    called = [hit for hit, _ in found if _is_called(hit.document, said)]
    if called:
        return _one(called, "both are named")
    if not set(re.findall(r"\w+", said)) - COMMON - GENERIC:
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
        if _NOUN.fullmatch(word) and word not in ("time", "times", "mal", "fois", "volta", "vez"):
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
