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
    from collections.abc import Callable

    from policies.judge import Judge
    from policies.judge_config import JudgeConfig
    from policies.policy import Policy
    from policies.search import SearchParameters
    from policies.stop import StopParameters
    from policies.watch_parameters import WatchParameters

POLICIES = ("fixed", "watch")


def make_judge(
    config: JudgeConfig,
    first_channel: str | None = None,
    patience_s: float | None = None,
    rehearsal: bool = True,
    on_event: Callable[[str, str], None] = lambda *_: None,
) -> Judge:
    """The judge that a plan asks for; loads its model.

    It looks at `config.channel`, else at `first_channel`, else at each visit's first channel.
    `patience_s` is how long in real seconds its verdict is waited for (None: `deadline_s`); with a
    fallback the first judge gets a share of it. Outside a rehearsal a local model gets a process of
    its own unless `config.process` says otherwise, and `on_event` is told (kind, text) what becomes
    of that process. Raises JudgeUnavailable.
    """
    channel = config.channel or first_channel
    wait_s = config.deadline_s if patience_s is None else patience_s
    if config.fallback is None or config.kind in ("classical", "none"):
        return _first(config, channel, wait_s, rehearsal, on_event)
    from policies.classical.judge import ClassicalJudge  # scikit-image: only when needed
    from policies.fallback import FIRST_SHARE, FallbackJudge

    first_s = FIRST_SHARE * wait_s
    first = _first(config, channel, first_s, rehearsal, on_event)
    return FallbackJudge(first, ClassicalJudge(channel), first_s=first_s)


def _first(
    config: JudgeConfig,
    channel: str | None,
    wait_s: float,
    rehearsal: bool,
    on_event: Callable[[str, str], None],
) -> Judge:
    if config.kind in ("mllm", "hf"):
        from policies.worker.choice import isolated, of_its_own

        if of_its_own(config, rehearsal=rehearsal):
            return isolated(config, channel, wait_s, rehearsal=rehearsal, on_event=on_event)
    return judge_here(config, channel)


def judge_here(config: JudgeConfig, channel: str | None) -> Judge:
    """The judge alone, in this process. Raises JudgeUnavailable."""
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
