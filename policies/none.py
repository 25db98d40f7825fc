"""The judge that is not there: every verdict is an abstention, the baseline goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.verdict import abstention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Frame
    from policies.verdict import Verdict


class NoJudge:
    """Abstains: "no judge configured"."""

    @property
    def name(self) -> str:
        """As it appears in verdicts."""
        return "none"

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """Abstain; ValueError without frames."""
        if not frames:
            raise ValueError("no frames to judge")
        first = frames[0]
        return abstention(first.visit_id, first.key.fov, self.name, target, "no judge configured")
