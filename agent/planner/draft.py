"""A draft: what an instruction says, slot by slot, each value with its source."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from agent.planner.slots import fits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.plan import Plan
    from agent.planner.source import Source, Words


class Intent(StrEnum):
    """What a person wants of the planner."""

    PLAN = "plan"
    ANSWER = "answer"  # a pure question: nothing is planned
    REFUSE = "refuse"  # nothing of it may be planned


@dataclass(frozen=True, slots=True)
class Said:
    """A value and where it comes from. ValueError where the slot cannot hold it."""

    slot: str
    value: Any
    source: Source

    def __post_init__(self) -> None:
        why = fits(self.slot, self.value)
        if why:
            raise ValueError(f"{self.slot}: {why}")


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be known before there can be a plan.

    Attributes
    ----------
    slot : what it is about.
    text : the question.
    choices : answers in words; free text is allowed as well.
    proposed : the answer that most would give, "" where none is better than another.
    """

    slot: str
    text: str
    choices: tuple[str, ...] = ()
    proposed: str = ""


@dataclass(frozen=True, slots=True)
class No:
    """A wish that is refused: which rule, what was wished, its limit and a remedy."""

    rule: str
    what: str
    bound: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.bound}; nothing was planned. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was understood.

    Attributes
    ----------
    said : by slot.
    open_exposures : (slot, ms, words) of no channel in particular.
    focus_wanted : words that want autofocus without saying when.
    base : the plan that this one differs from ("same as last time, but ...").
    stack_wanted, grid_wanted : a z stack, a grid, of whatever size.
    notes : what a person should know, in words.
    """

    instruction: str
    intent: Intent = Intent.PLAN
    said: Mapping[str, Said] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    refusals: tuple[No, ...] = ()
    notes: tuple[str, ...] = ()
    language: str = "en"
    open_exposures: tuple[tuple[str, float, Words], ...] = ()
    focus_wanted: Words | None = None
    stack_wanted: bool = False
    grid_wanted: bool = False
    base: Plan | None = None

    def get(self, slot: str, default: Any = None) -> Any:
        """The value of a slot."""
        said = self.said.get(slot)
        return default if said is None else said.value

    def has(self, slot: str) -> bool:
        """Whether anything is said of it (or, ending in a dot, of anything below it)."""
        if slot.endswith("."):
            return any(name.startswith(slot) for name in self.said)
        return slot in self.said

    def adding(self, *said: Said) -> Draft:
        """With more said; later values replace earlier ones."""
        return replace(self, said={**self.said, **{s.slot: s for s in said}})

    def asking(self, *questions: Question) -> Draft:
        """With more questions; one for each slot, the first counts."""
        merged = {q.slot: q for q in (*reversed(questions), *reversed(self.questions))}
        return replace(self, questions=tuple(reversed(merged.values())))

    def refusing(self, *refusals: No) -> Draft:
        """With more refusals."""
        return replace(self, refusals=tuple(dict.fromkeys((*self.refusals, *refusals))))
