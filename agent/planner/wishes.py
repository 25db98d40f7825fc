"""Search, stop, messages, budgets, focus, and other wishes about the run as a whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from agent.planner.clause import About
from agent.planner.reading.quantity import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.marks import Mark
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity

_ORDINALS = {"second": 2, "other": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
             "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "seventh": 7, "eighth": 8, "8th": 8,
             "tenth": 10, "10th": 10, "twelfth": 12, "twentieth": 20,
             "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10,
             "twelve": 12, "twenty": 20,
             "zweite": 2, "zweiten": 2, "dritte": 3, "dritten": 3, "vierte": 4, "vierten": 4,
             "fünfte": 5, "fünften": 5, "zehnte": 10, "zehnten": 10,
             "deuxième": 2, "troisième": 3, "quatrième": 4, "cinquième": 5, "dixième": 10,
             "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "dix": 10,
             "secondo": 2, "terzo": 3, "quarto": 4, "quinto": 5, "decimo": 10,
             "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "dieci": 10,
             "segundo": 2, "segunda": 2, "tercer": 3, "tercera": 3, "cuarto": 4, "cuarta": 4,
             "quinta": 5, "décimo": 10, "décima": 10,
             "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "diez": 10,
             "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "zehn": 10}  # fmt: skip

Quantities: TypeAlias = "Sequence[tuple[Quantity, Clause]]"


def read_search(
    quantities: Quantities, clauses: Sequence[Clause], near: Nearby, found: Found
) -> None:
    """ "Find the 5 fields with the most cells and stay with them."""
    here = [c for c in clauses if c.about is About.SEARCH]
    if not here:
        return
    for q, clause in quantities:
        if clause.about is not About.SEARCH or q.kind is not Kind.COUNT:
            continue
        a, b = q.span.start, q.span.end
        if _ALL.search(near.text[:a]):
            continue  # "the two best of all six"
        if near.right(b, "rounds", words=0) is not None and near.left(a, "best", words=1) is None:
            found.say("search.rounds", int(q.value), a, b)
        elif float(q.value).is_integer() and near.near(
            a, b, "best", "by_count", "by_confluence", words=6
        ):
            found.say("search.best", int(q.value), a, b)
    if "search.best" not in found.said:
        for clause in here:
            one = re.search(
                r"(best|top|most [a-z]+) (one|field|position|well)\b(?!s)"
                r"|\bthe (one|field|position|well)\b (with|that has|having)"
                r"|\b(quell[ao]|celle|celui|la|der|das|dem) (con|avec|qui|que|mit)\b",
                near.text[clause.start : clause.end],
                re.I,
            )
            if one:
                at = clause.start + one.start()
                found.say("search.best", 1, at, clause.start + one.end())
                break
    sentences = {c.sentence for c in here}
    told = [*here, *(c for c in clauses if c.sentence in sentences and c.about is About.BASELINE)]
    for concept, by in (("by_count", "count"), ("by_confluence", "confluence")):
        for clause in told:
            mark = near.within(clause, concept)
            if mark is not None and "search.by" not in found.said:
                found.say("search.by", by, mark.start, mark.end)
    target = found.said.get("target")
    if "search.by" not in found.said and target is not None:
        start, end = found.where["target"]
        found.say("search.by", "target", start, end)


_ALL = re.compile(r"\b(?:all|alle[nr]?|toutes les|tous les|tutt[ei] e|tod[ao]s l[ao]s)\s+$", re.I)


def read_stop(quantities: Quantities, near: Nearby, found: Found) -> None:
    """ "Stop after ten divisions", "until 80 % confluence"."""
    for q, clause in quantities:
        a, b = q.span.start, q.span.end
        if q.kind is Kind.PERCENT and near.near(a, b, "confluence", words=3):
            if clause.about is About.STOP or near.left(a, "until", words=3):
                found.say("stop.confluence", q.value, a, b)
        elif (
            q.kind is Kind.COUNT
            and float(q.value).is_integer()
            and not q.every
            and _stops(clause, a, b, near)
        ):
            found.say("stop.after_events", int(q.value), a, b)


def _stops(clause: Clause, a: int, b: int, near: Nearby) -> bool:
    """Whether so many events end the run: "stop after 8", "until we have 12 divisions"."""
    if clause.about is About.STOP:
        return bool(near.right(b, "events", "target", words=3) or near.left(a, "events", words=1))
    if clause.about not in (About.BASELINE, About.TRIGGER):
        return False
    follows = near.right(b, "events", words=1) is not None
    return follows and near.left(a, "until", words=3) is not None


def read_budget(quantities: Quantities, near: Nearby, found: Found) -> set[int]:
    """Light and disk; returns the places of the quantities it took."""
    taken = set()
    for q, clause in quantities:
        a, b = q.span.start, q.span.end
        if q.kind is Kind.DOSE:
            whole = clause.has("total_light") or near.near(a, b, "total_light", words=4)
            field_ = near.near(a, b, "per_field", words=4)
            slot = "total_dose_j_cm2" if whole and not field_ else "dose_per_fov_j_cm2"
            found.say(f"budget.{slot}", q.value, a, b)
            taken.add(a)
        elif q.kind is Kind.BYTES:
            found.say("budget.disk_gb", q.value / 1e9, a, b)
            taken.add(a)
        elif clause.about is About.BUDGET and q.kind is Kind.DURATION:
            found.say("budget.exposure_per_fov_s", q.value, a, b)
            taken.add(a)
    return taken


def read_focus(
    quantities: Quantities, clauses: Sequence[Clause], near: Nearby, found: Found
) -> None:
    """When to focus, and what to do where no focus is found."""
    here = [
        c
        for c in clauses
        if c.about is About.FOCUS
        or (c.has("autofocus") and c.about is not About.STORY)
        or (c.conditional and _on_failure(c, clauses, near) is not None)
    ]
    for clause in here:
        nth = near.within(clause, "nth")
        every = near.within(clause, "every_visit")
        lost = near.within(clause, "focus_lost")
        no = near.within(clause, "autofocus")
        if no is not None and (near.denied(no.start, words=1) or near.declined(no.end, words=1)):
            found.no_focus = True
            continue
        fails = near.within(clause, "af_fail") or (lost if clause.conditional else None)
        if fails is None and clause.conditional and no is None:
            fails = _on_failure(clause, clauses, near)
        deeds = [
            (m, deed)
            for c in clauses
            if c.sentence == clause.sentence
            for concept, deed in (
                ("hold_last", "hold_last"),
                ("hold_position", "hold_position"),
                ("skip", "skip"),
                ("stop_run", "stop"),
            )
            if (m := near.within(c, concept)) is not None
        ]
        if fails is not None and deeds:
            mark, deed = deeds[0]
            found.say("autofocus.on_failure", deed, mark.start, mark.end)
        sentence = [c for c in clauses if c.sentence == clause.sentence]
        if lost is not None and not any(c.has("autofocus") for c in sentence):
            lost = None
        only = lost is not None and near.text[lost.start : lost.end].lower().startswith(_ONLY)
        if lost is not None and (only or (clause.conditional and _only_when(clause, clauses))):
            found.say("autofocus.when", "focus_lost", lost.start, lost.end)
            lost = fails = None
        if nth is not None:
            words = re.findall(r"\w+", near.text[nth.start : nth.end].lower())
            number = next((int(re.sub(r"\D", "", w)) for w in words if w[0].isdigit()), 0) or next(
                (_ORDINALS[w] for w in words if w in _ORDINALS), 0
            )
            if number:
                found.say("autofocus.when", "every_nth_round", nth.start, nth.end)
                found.say("autofocus.every_n_rounds", number, nth.start, nth.end)
        elif every is not None:
            found.say("autofocus.when", "every_visit", every.start, every.end)
        elif lost is not None and not deeds:
            found.say("autofocus.when", "focus_lost", lost.start, lost.end)
        elif no is not None and "autofocus.when" not in found.said:
            found.focus_wanted = found.words(no.start, no.end)
    for q, clause in quantities:
        if clause.about is not About.FOCUS:
            continue
        a, b = q.span.start, q.span.end
        if q.kind is Kind.LENGTH:
            found.say("autofocus.range_um", q.value, a, b)
        elif q.kind in (Kind.DURATION, Kind.RATE) and (q.every or near.left(a, "every", words=1)):
            found.focus_every = (q.value, a, b)


def _on_failure(clause: Clause, clauses: Sequence[Clause], near: Nearby) -> Mark | None:
    """ "Autofocus every 3rd round, on failure stop": of what is said before in the sentence."""
    same = [c for c in clauses if c.sentence == clause.sentence and c.start < clause.start]
    failing = re.search(
        r"fail|misslung|versag|échec|échou|fall", near.text[clause.start : clause.end]
    )
    if failing is None or not any(c.has("autofocus") for c in same):
        return None
    return next((m for m in clause.marks if m.concept == "if"), None)


_ONLY = ("only", "nur", "seulement", "uniquement", "solo", "soltanto", "sólo")


def _only_when(clause: Clause, clauses: Sequence[Clause]) -> bool:
    """ "Focus only | when it is lost": the clause before wants autofocus and says nothing else."""
    i = clauses.index(clause)
    before = clauses[i - 1] if i else None
    return (
        before is not None
        and before.sentence == clause.sentence
        and before.has("autofocus")
        and not before.has("nth", "every_visit")
        and not before.quantities
    )


def read_flags(clauses: Sequence[Clause], near: Nearby, found: Found) -> None:
    """Gentle light, one look only, coupling."""
    for clause in clauses:
        if clause.about is About.STORY:
            continue
        for concept, slot, value in (
            ("gentle", "gentle", True),
            ("synchronized", "coupling", "synchronized"),
        ):
            mark = near.within(clause, concept)
            if mark is not None:
                found.say(slot, value, mark.start, mark.end)
        once = near.within(clause, "once")
        if (
            once is not None
            and clause.about in (About.BASELINE, About.SEARCH)
            and (not near.denied(once.start, words=0) or "time" in near.text[once.start : once.end])
        ):
            found.say("once", True, once.start, once.end)


_LABELLED = re.compile(r"\s*(?:[:=]|of|von|de|di)\s*")
_N = re.compile(r"(?<![\w])(?:N|n|N_t|Nt|n_t|nt|x|×)\s*[=:]?\s*$")


def _rounds(a: int, b: int, near: Nearby) -> bool:
    """ "40 time points", "time points: 40", "N = 40", "x 40"."""
    if near.right(b, "rounds", words=0) is not None:
        return True
    label = near.left(a, "rounds", words=1)
    if label is not None and _LABELLED.fullmatch(near.text[label.end : a]):
        return True
    ends = re.match(r"\s*($|[.,;)\n])", near.text[b:]) is not None
    begins = label is not None and re.search(r"(?:^|[.,;:(\n]|of)\s*$", near.text[: label.start])
    if label is not None and ends and begins and not near.text[label.end : a].strip():
        return True
    return ends and _N.search(near.text[max(0, a - 8) : a]) is not None


def read_rounds(
    quantities: Quantities, clauses: Sequence[Clause], near: Nearby, found: Found
) -> set[int]:
    """ "40 time points", "ten times": rounds of the lapse or of a survey, visits of a burst."""
    taken = set()
    searching = {c.sentence for c in clauses if c.about is About.SEARCH}
    for q, clause in quantities:
        a, b = q.span.start, q.span.end
        if q.kind is not Kind.COUNT or q.every or not float(q.value).is_integer():
            continue
        if not _rounds(a, b, near) or q.value == 1:
            continue
        if any(m.concept == "every" and m.start < a < m.end for m in near.marks):
            continue  # "8 min between two images"
        if clause.about is About.SEARCH or (
            clause.about is About.BASELINE and clause.sentence in searching
        ):
            found.say("search.rounds", int(q.value), a, b)
            taken.add(a)
        elif clause.about is About.BASELINE:
            found.say("rounds", int(q.value), a, b)
            taken.add(a)
        elif clause.about in (About.REACTION, About.TRIGGER):
            found.burst_visits = (int(q.value), a, b)
            taken.add(a)
    return taken
