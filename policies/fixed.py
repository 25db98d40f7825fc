"""The baseline policy: image the plan, react to nothing. What a non-adaptive run does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.action import Decision

if TYPE_CHECKING:
    from policies.policy import Memory, Situation
    from policies.verdict import Verdict


class FixedPolicy:
    """Never reacts; its memory stays empty."""

    @property
    def name(self) -> str:
        """As it appears in decisions."""
        return "fixed"

    def start(self) -> Memory:
        """Nothing to remember."""
        return {}

    def decide(
        self, memory: Memory, verdict: Verdict, situation: Situation
    ) -> tuple[Memory, Decision]:
        """Carry on, whatever the verdict says."""
        return dict(memory), Decision(
            visit_id=verdict.visit_id,
            policy=self.name,
            reason=f"{verdict.fov}: fixed plan, nothing to decide",
            cites=(verdict.visit_id,),
        )
