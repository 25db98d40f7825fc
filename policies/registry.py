"""Judges and policies by name, as plans name them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from policies.fixed import FixedPolicy
from policies.none import NoJudge
from policies.search import SearchPolicy
from policies.stop import StopPolicy
from policies.watch import WatchPolicy

if TYPE_CHECKING:
    from policies.judge import Judge
    from policies.judge_config import JudgeConfig
    from policies.policy import Policy
    from policies.search import SearchParameters
    from policies.stop import StopParameters
    from policies.watch_parameters import WatchParameters

POLICIES = ("fixed", "watch")


def make_judge(
    config: JudgeConfig, first_channel: str | None = None, patience_s: float | None = None
) -> Judge:
    """The judge that a plan asks for; loads its model.

    It looks at `config.channel`, else at `first_channel`, else at each visit's first channel.
    `patience_s` is how long in real seconds its verdict is waited for (None: `deadline_s`); with a
    fallback the first judge gets a share of it. Raises JudgeUnavailable.
    """
    channel = config.channel or first_channel
    first = _make(config, channel)
    if config.fallback is None or config.kind in ("classical", "none"):
        return first
    from policies.classical.judge import ClassicalJudge  # scikit-image: only when needed
    from policies.fallback import FIRST_SHARE, FallbackJudge

    wait_s = config.deadline_s if patience_s is None else patience_s
    return FallbackJudge(first, ClassicalJudge(channel), first_s=FIRST_SHARE * wait_s)


def _make(config: JudgeConfig, channel: str | None) -> Judge:
    if config.kind == "none":
        return NoJudge()
    if config.kind == "classical":
        from policies.classical.judge import ClassicalJudge

        return ClassicalJudge(channel)
    from policies.available import lacks
    from policies.judge import JudgeUnavailable

    missing = lacks(config)
    if missing:
        raise JudgeUnavailable(str(missing[0]))
    if config.kind == "mllm":
        from policies.mllm.judge import MllmJudge

        return MllmJudge(
            channel=channel,
            weights=_path(config.weights),
            adapter=_path(config.adapter),
            explain=config.explain,
        )
    if config.kind == "hf":
        from policies.remote.hf import HfJudge

        return HfJudge(config.model, channel=channel, adapter=_path(config.adapter))
    from policies.remote.chat import ChatJudge

    return ChatJudge(config, channel=channel)


def make_policy(
    kind: str,
    parameters: WatchParameters | None = None,
    *,
    search: SearchParameters | None = None,
    stop: StopParameters | None = None,
) -> Policy:
    """The policy called `kind`; `parameters` are for "watch" (None: its defaults).

    With `search` a survey goes before it, with `stop` it ends the run by itself. Raises ValueError
    for an unknown kind, naming the known ones.
    """
    if kind not in POLICIES:
        raise ValueError(f"policy {kind!r} is unknown; known: {', '.join(POLICIES)}")
    policy: Policy = FixedPolicy() if kind == "fixed" else WatchPolicy(parameters)
    if search is not None:
        policy = SearchPolicy(search, policy)
    return policy if stop is None else StopPolicy(stop, policy)


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name).expanduser()
