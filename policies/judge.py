"""The judge protocol: frames of one visit in, one verdict out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Frame
    from policies.verdict import Verdict


class JudgeUnavailable(ValueError):
    """A judge cannot be made: a folder, library or key is missing. One line with a remedy."""


class Judge(Protocol):
    """Looks at frames; knows nothing of the instrument, the schedule or other visits."""

    @property
    def name(self) -> str:
        """Name and version, as it appears in verdicts."""

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """Judge the frames of one visit (at least one, all with the same `visit_id`).

        Raises whatever goes wrong; the loop records it and treats it as an abstention.
        """
