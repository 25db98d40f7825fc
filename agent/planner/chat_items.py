"""From the form's quotes to values: code looks for each quote and reads what stands there.

Nothing that the model says counts as a number, and no name that the microscope has not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.planner.chat_form import MOST_ITEMS
from agent.planner.chat_quotes import read
from agent.planner.draft import No, Question, Said
from agent.planner.one_value import Either, Unread
from agent.planner.show import told
from agent.planner.slots import fits
from agent.planner.source import Words

if TYPE_CHECKING:
    from agent.planner.chat_form import Form
    from agent.planner.chat_quotes import Around


@dataclass(frozen=True, slots=True)
class Fault:
    """An item that cannot be used: its slot, and what is wrong with it in our own words."""

    slot: str
    why: str


@dataclass(frozen=True, slots=True)
class Items:
    """What became of a form's items."""

    said: tuple[Said, ...] = ()
    refusals: tuple[No, ...] = ()
    questions: tuple[Question, ...] = ()
    faults: tuple[Fault, ...] = ()


def values(form: Form, around: Around) -> Items:
    """Every item of a form, checked one by one; pure, the same again for the same form."""
    said: dict[str, Said] = {}
    refusals: list[No] = []
    questions: list[Question] = []
    faults: list[Fault] = []
    phases: list[tuple[Words, tuple[float, float]]] = []
    for item in form.items[:MOST_ITEMS]:
        found = read(item, around)
        if found is None:
            faults.append(Fault(item.slot, "its quote is not in the instruction word for word"))
            continue
        words, value = found
        if isinstance(value, Said):
            said[value.slot] = value
        elif isinstance(value, Unread):
            faults.append(Fault(item.slot, value.why))
        elif isinstance(value, Either):
            questions.append(_which(item.slot, words, value))
        elif item.slot == "phases":
            phases.append((words, value))
        elif why := fits(item.slot, value):
            refusals.append(No(item.slot, str(words), why, "Give a value that makes sense."))
        elif item.slot in said and said[item.slot].value != value:
            faults.append(Fault(item.slot, "it is given two different values"))
        else:
            said[item.slot] = Said(item.slot, value, words)
    if phases:
        _join_phases(phases, said, faults, around)
    if len(form.items) > MOST_ITEMS:
        faults.append(Fault("items", f"there are more than {MOST_ITEMS}"))
    return Items(tuple(said.values()), tuple(refusals), tuple(questions), tuple(faults))


# ------------------------------------------------------------------ phases


def _join_phases(
    phases: list[tuple[Words, tuple[float, float]]],
    said: dict[str, Said],
    faults: list[Fault],
    around: Around,
) -> None:
    phases.sort(key=lambda phase: phase[0].start)
    start, end = phases[0][0].start, max(words.end for words, _ in phases)
    value = tuple(pair for _, pair in phases)
    if why := fits("phases", value):
        faults.append(Fault("phases", f"{why}; a time lapse with one phase has no phases"))
    else:
        said["phases"] = Said("phases", value, Words(start, end, around.text[start:end]))


# ------------------------------------------------------------------ small


def _which(slot: str, words: Words, either: Either) -> Question:
    a, b = told(slot, either.first), told(slot, either.second)
    return Question(slot, f"{words} can be read as {a} or as {b}: which one?", (a, b))
