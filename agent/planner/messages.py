"""Who is told what: topics of messages, and addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby

ADDRESS = re.compile(
    r"[a-z][a-z0-9+]*://[^\s,;)>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.])#[a-z][\w-]+", re.I
)
_TO = re.compile(r"(\b(to|an|à|a|al|mail|e-?mail|contact|kontakt)|:|→|->)\s*$", re.I)
TOPICS = (
    ("trouble", "trouble"),
    ("done", "done"),
    ("on_event", "event"),
    ("events", "event"),
    ("per_event", "event"),
    ("question_event", "question"),
)
_FREE = frozenset(  # words of a message that say no topic
    re.findall(
        r"\S+",
        "a an and at by for from in is it me my of on or our the this to us with you your please "
        "pls thx thanks"
        " address e-mail email mail message note line someone copy cc also as well then both that "
        "alles wird"
        " an bitte mir mich uns die der das den dem eine einen und per zu mit von auch sowie dann "
        "danke adresse"
        " à au la le les un une et par moi nous svp merci de s'il vous te plaît sur adresse aussi "
        "puis"
        " a al alla il lo la un una e per favore mi ci grazie di su indirizzo anche poi"
        " a al el la un una y por favor me nos gracias de en dirección también luego lab i will",
    )
)


def read_messages(clauses: Sequence[Clause], near: Nearby, found: Found) -> None:
    """Topics and addresses. An address with words whose topic is not understood is asked about."""
    topics: dict[str, tuple[int, int]] = {}
    addresses = list(ADDRESS.finditer(near.text))
    asking = {
        c.sentence
        for c in clauses
        if c.has("notify") or any(_TO.search(near.text[c.start : a.start()]) for a in addresses
                                  if c.start <= a.start() < c.end)
    }  # fmt: skip
    here = [c for c in clauses if c.about is About.NOTIFY or _holds(c, addresses)]
    here = [c for c in here if c.sentence in asking]
    for clause in here:
        said = _topics(clause, near)
        if not said and not clause.has("notify") and not _holds(clause, addresses):
            continue
        for before in () if said else _conditions(clause, clauses):
            named = _topics(before, near, whole=True)
            if not named and before.about is About.TRIGGER and before.conditional:
                named = {"event": (before.start, before.end)}  # "a message at each apoptosis"
            target = found.where.get("target", (-1, -1))
            if not named and before.start <= target[0] < before.end:
                named = {"event": (before.start, before.end)}
            said = {**named, **said}
        for topic, place in said.items():
            topics.setdefault(topic, place)
    _more(clauses, here, near, topics)
    for clause in here:
        if not topics and _afterwards(clause, near):
            topics["done"] = (clause.start, clause.end)
    if topics:
        start, end = min(a for a, _ in topics.values()), max(b for _, b in topics.values())
        found.say("notify.on", tuple(sorted(topics)), start, end)
    if addresses and here:
        names = tuple(dict.fromkeys(m.group().rstrip(".") for m in addresses))
        found.say("notify.to", names, addresses[0].start(), addresses[-1].end())
        if not topics:
            found.message = _unread(here, near) or _condition_unread(here, clauses)


_THEN = re.compile(
    r"(?:^|[\s,;/.])(?:and )?(?:then|afterwards|after that|danach|anschließend|hinterher|dann|puis"
    r"|ensuite|après|poi|dopo|luego|después)"
    r"(?: bitte| please)?\s*,?\s*$",
    re.I,
)


def _afterwards(clause: Clause, near: Nearby) -> bool:
    """ "Then mail me": when everything is done."""
    mark = near.within(clause, "notify")
    if mark is None:
        return False
    before = ADDRESS.sub("", near.text[: mark.start]).rstrip() + " "
    return _THEN.search(before) is not None


def _condition_unread(here: Sequence[Clause], clauses: Sequence[Clause]) -> tuple[int, int] | None:
    """ "Mail me if ...": a condition whose topic was not understood."""
    numbers = {c.sentence for c in here}
    for clause in clauses:
        if clause.conditional and clause.sentence in numbers and clause.about is About.NOTIFY:
            return clause.start, clause.end
    return None


def _holds(clause: Clause, addresses: Sequence[re.Match[str]]) -> bool:
    return any(clause.start <= m.start() < clause.end for m in addresses)


def _topics(clause: Clause, near: Nearby, *, whole: bool = False) -> dict[str, tuple[int, int]]:
    """Topics that a clause names; `whole`: in a condition, whatever it is about."""
    told: dict[str, tuple[int, int]] = {}
    for concept, topic in TOPICS:
        mark = near.within(clause, concept)
        if mark is not None and not near.denied(mark.start):
            told.setdefault(topic, (mark.start, mark.end))
    target = [
        m for m in clause.marks if m.concept == "target" and m.name not in ("cell", "nucleus")
    ]
    if target and (clause.about is About.NOTIFY or not whole):
        told.setdefault("event", (target[0].start, target[0].end))
    if {"done", "trouble"} <= told.keys():
        (a, b), (c, d) = told["done"], told["trouble"]
        if c <= a and b < d:
            del told["done"]  # "it stops working"
    if told.keys() == {"event", "done"} and clause.has("until_gone"):
        del told["done"]
    return told


def _conditions(clause: Clause, clauses: Sequence[Clause]) -> list[Clause]:
    """What comes with "tell me" in the same sentence: conditions, and topics right before it."""
    same = [c for c in clauses if c.sentence == clause.sentence and c is not clause]
    told = [c for c in same if c.conditional]
    end = clause.start
    for c in reversed([c for c in same if c.end <= clause.start]):
        if c.end != end or c.quantities or c.places:
            break
        end = c.start
        told += [c] if c not in told else []
    return told


def _more(
    clauses: Sequence[Clause],
    here: Sequence[Clause],
    near: Nearby,
    topics: dict[str, tuple[int, int]],
) -> None:
    """ "When it is done, or when something fails": the other conditions of such a sentence."""
    numbers = {c.sentence for c in here}
    chain = list(here)
    for clause in clauses:
        if clause.sentence not in numbers or clause in here or clause.quantities:
            continue
        goes_on = clause.about in (About.BASELINE, About.STOP) and _tail(clause, chain)
        if clause.about is not About.NOTIFY and not (goes_on and _only_topics(clause, near)):
            continue
        named = _topics(clause, near, whole=True)
        chain += [clause] if named else []
        for topic, place in named.items():
            topics.setdefault(topic, place)


def _only_topics(clause: Clause, near: Nearby) -> bool:
    """Whether a clause names topics and little else: "and at the end", "trouble"."""
    text = near.text[clause.start : clause.end]
    for mark in sorted(clause.marks, key=lambda m: -m.start):
        if mark.concept in dict(TOPICS) or mark.concept in ("if", "there"):
            a, b = mark.start - clause.start, mark.end - clause.start
            text = text[:a] + " " * (b - a) + text[b:]
    return len(re.findall(r"\w{3,}", text)) <= 2


def _tail(clause: Clause, here: Sequence[Clause]) -> bool:
    return any(c.end == clause.start for c in here)


def _unread(here: Sequence[Clause], near: Nearby) -> tuple[int, int] | None:
    """A message's words that say something else than to whom it goes."""
    for clause in here:
        text = ADDRESS.sub(lambda m: " " * len(m.group()), near.text)[clause.start : clause.end]
        known = [m for m in clause.marks if m.concept in ("notify", "courtesy", "target")]
        for match in re.finditer(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text):
            at = clause.start + match.start()
            if match.group().lower() in _FREE or any(m.start <= at < m.end for m in known):
                continue
            return clause.start, clause.end
    return None
