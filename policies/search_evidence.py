"""What a survey knows of each field, and which fields are the best. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policies.verdict import Flag, FocusState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policies.policy import Json
    from policies.verdict import Verdict

By = Literal["target", "count", "confluence"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The looks at one field that count: their sum, how many, and the last one's visit."""

    total: float = 0.0
    n: int = 0
    visit: int = 0

    @property
    def mean(self) -> float:
        """Over all looks; there is at least one."""
        return self.total / self.n

    def with_look(self, value: float, visit: int) -> Evidence:
        """One look more."""
        return Evidence(self.total + value, self.n + 1, visit)

    def to_json(self) -> Json:
        """As plain JSON values."""
        return [self.total, self.n, self.visit]


def value_of(verdict: Verdict, by: By, target: str, *, late: bool) -> tuple[float | None, str]:
    """What a verdict says of its field; or None, and why it is no evidence.

    A judge that abstains on the target may have counted all the same; a blurred or saturated image
    is neither counted nor measured.
    """
    if late:
        return None, "the verdict came late, no evidence"
    why_not = _no_target(verdict, target) if by == "target" else _unfit(verdict, by)
    if why_not:
        return None, f"{why_not}, no evidence"
    value = {"target": verdict.p_target, "count": verdict.count}.get(by, verdict.confluence)
    return None if value is None else float(value), ""


def _no_target(verdict: Verdict, target: str) -> str:
    if verdict.abstained or verdict.p_target is None:
        return f"the judge does not know ({verdict.why_abstained or 'no probability'})"
    if verdict.target != target:
        return f"the verdict is about {verdict.target}, not {target}"
    return ""


def _unfit(verdict: Verdict, by: By) -> str:
    if (verdict.count if by == "count" else verdict.confluence) is None:
        return f"no {by}" + (f" ({verdict.why_abstained})" if verdict.why_abstained else "")
    if verdict.focus.state is FocusState.OUT:
        return "out of focus"
    return "saturated" if Flag.SATURATED in verdict.flags else ""


def ranked(looks: Mapping[str, Evidence], fields: Sequence[str]) -> list[str]:
    """Fields with evidence, the best first; equals in the plan's order."""
    place = {name: i for i, name in enumerate(fields)}
    return sorted(looks, key=lambda name: (-looks[name].mean, place.get(name, len(place))))


def in_words(value: float, by: By) -> str:
    """``p 0.81``, ``12 objects``, ``34 % covered``."""
    if by == "target":
        return f"p {value:.2f}"
    if by == "count":
        return f"{value:.3g} object{'s' * (value != 1)}"
    return f"{100 * value:.0f} % covered"
