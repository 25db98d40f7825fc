"""Whether the judge of a plan can be made, sees what it looks at, and knows what it is asked."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from agent.finding import Finding, Level, nearest, one_line
from agent.plan import WatchConfig
from policies.available import is_on_hub, lacks, server, targets
from policies.judge_config import ChatJudgeConfig, ClassicalJudgeConfig, HfJudgeConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope
    from policies.judge_config import JudgeConfig


def findings(scope: Scope) -> Iterator[Finding]:
    """Everything about the judge alone. Imports nothing heavy and asks no server."""
    judge = scope.plan.judge
    listed = [channel.config for channel in scope.plan.baseline.channels]
    if judge.channel is not None and judge.channel not in listed:
        message = f"{judge.channel} is not imaged: it is not in baseline.channels"
        yield scope.in_plan(Level.ERROR, "judge.channel", message, nearest(judge.channel, listed))
    for lack in lacks(judge):
        yield scope.in_plan(Level.ERROR, f"judge.{lack.key}", lack.message, lack.remedy)
    yield from _target(scope)
    if judge.kind != "none" and judge.latency_s > judge.deadline_s:
        message = f"{judge.latency_s:g} s is over the deadline ({judge.deadline_s:g} s)"
        remedy = "make judge.deadline_s longer: a late verdict is not acted upon"
        yield scope.in_plan(Level.WARNING, "judge.latency_s", message, remedy)
    if judge.fallback is not None and judge.kind in ("classical", "none"):
        message = f"has no effect with the {judge.kind} judge"
        yield scope.in_plan(Level.NOTE, "judge.fallback", message, "remove it")
    yield from _network(scope, judge)


def _target(scope: Scope) -> Iterator[Finding]:
    judge, watch = scope.plan.judge, scope.plan.decide
    if not isinstance(watch, WatchConfig) or judge.kind == "none":
        return
    known = targets(judge)
    second = targets(ClassicalJudgeConfig()) or ()
    if known is not None and watch.target not in known:
        message = f"the {judge.kind} judge does not know {one_line(watch.target)}"
        yield scope.in_plan(Level.ERROR, "decide.target", message, nearest(watch.target, known))
    elif known is None and not watch.target.strip():
        message = "empty: there is nothing to look for"
        yield scope.in_plan(Level.ERROR, "decide.target", message, "say it in a few words")
    elif known is None and judge.fallback is not None and watch.target not in second:
        message = f"the {judge.fallback} judge does not know {one_line(watch.target)}: it abstains"
        remedy = f"remove it, or look for {' or '.join(second)}"
        yield scope.in_plan(Level.WARNING, "judge.fallback", message, remedy)


def _network(scope: Scope, judge: JudgeConfig) -> Iterator[Finding]:
    """What leaves this machine, or comes to it."""
    if isinstance(judge, HfJudgeConfig) and is_on_hub(judge.model):
        message = f"there is no folder {judge.model} here: it is taken for a name on the hub"
        remedy = "it is downloaded when the run begins, unless this machine has it"
        yield scope.in_plan(Level.NOTE, "judge.model", message, remedy)
    if isinstance(judge, ChatJudgeConfig) and not _is_here(server(judge)):
        if judge.base_url is None:
            message = f"the frames that are judged are sent to {server(judge)}"
            remedy = "choose another kind of judge where they must not leave this machine"
            yield scope.in_plan(Level.NOTE, "judge.model", message, remedy)
        else:
            message = f"frames, and the API key of the environment, are sent to {server(judge)}"
            remedy = "go on only if you know and trust that server"
            yield scope.in_plan(Level.WARNING, "judge.base_url", message, remedy)


def _is_here(host: str) -> bool:
    """True for names and addresses of this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "ollama")
