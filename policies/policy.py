"""The policy protocol: a pure function from memory and verdict to memory and decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from hardware.data import VisitKind

if TYPE_CHECKING:
    from policies.action import Decision
    from policies.verdict import Verdict

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Memory: TypeAlias = "dict[str, Json]"  # what a policy remembers; lives in LangGraph's checkpoints


@dataclass(frozen=True, slots=True)
class View:
    """What a field's image covers (um, stage axes).

    Attributes
    ----------
    x_um, y_um : the field's planned place.
    dx_um, dy_um : how far from it the visits to come of its burst are imaged.
    width_um, height_um : edges of the image.
    """

    x_um: float
    y_um: float
    dx_um: float
    dy_um: float
    width_um: float
    height_um: float


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
    events : bursts begun so far, by field.
    left : fields that are left alone: held, or not kept by a search.
    rounds_over : so many rounds of the baseline are over, each visit judged or given up.
    view : of the field judged, while it is filmed by a plan that follows; else None.
    barred : why no burst may begin now; "" when one may. One policy tells it another.
    """

    kind: VisitKind
    started_s: float
    now_s: float
    bursting: dict[str, float]
    late: bool
    affordable: frozenset[str]
    events: dict[str, int] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    rounds_over: int = 0
    view: View | None = None
    barred: str = ""


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
