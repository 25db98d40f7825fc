"""The policy protocol: a pure function from memory and verdict to memory and decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from hardware.data import VisitKind

if TYPE_CHECKING:
    from policies.action import Decision
    from policies.verdict import Verdict

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Memory: TypeAlias = "dict[str, Json]"  # what a policy remembers; lives in LangGraph's checkpoints


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy may know beside the verdict.

    Attributes
    ----------
    kind : of the visit judged.
    started_s : run time at which the visit started.
    now_s : run time of the decision.
    bursting : fields with a running burst, with the run time at which it ends by itself.
    late : the verdict missed its deadline (the plan's default action applies).
    affordable : fields whose light budget still pays for a whole burst.
    """

    kind: VisitKind
    started_s: float
    now_s: float
    bursting: dict[str, float]
    late: bool
    affordable: frozenset[str]


class Policy(Protocol):
    """Decides. Pure: same memory, verdict and situation give the same answer."""

    @property
    def name(self) -> str:
        """As it appears in decisions."""

    def start(self) -> Memory:
        """The memory of a run that has seen nothing."""

    def decide(
        self, memory: Memory, verdict: Verdict, situation: Situation
    ) -> tuple[Memory, Decision]:
        """Answer one verdict. Must not change `memory`; returns the new one."""
