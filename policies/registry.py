"""Judges and policies by name, as plans name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.fixed import FixedPolicy
from policies.none import NoJudge
from policies.watch import WatchPolicy

if TYPE_CHECKING:
    from policies.judge import Judge
    from policies.policy import Policy
    from policies.watch_parameters import WatchParameters

JUDGES = ("classical", "none")
POLICIES = ("fixed", "watch")


def make_judge(kind: str, channel: str | None = None) -> Judge:
    """The judge called `kind`, looking at `channel` (None: the visit's first channel).

    Raises ValueError for an unknown kind, naming the known ones.
    """
    if kind == "classical":
        from policies.classical.judge import ClassicalJudge  # scikit-image: only when needed

        return ClassicalJudge(channel)
    if kind == "none":
        return NoJudge()
    raise ValueError(f"judge {kind!r} is unknown; known: {', '.join(JUDGES)}")


def make_policy(kind: str, parameters: WatchParameters | None = None) -> Policy:
    """The policy called `kind`; `parameters` are for "watch" (None: its defaults).

    Raises ValueError for an unknown kind, naming the known ones.
    """
    if kind == "fixed":
        return FixedPolicy()
    if kind == "watch":
        return WatchPolicy(parameters)
    raise ValueError(f"policy {kind!r} is unknown; known: {', '.join(POLICIES)}")
