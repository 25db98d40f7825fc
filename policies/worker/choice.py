"""Which judges get a process of their own, and what their process makes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from policies.available import is_folder, lacks
from policies.fallback import FallbackJudge
from policies.judge import Judge, JudgeUnavailable
from policies.judge_config import HfJudgeConfig, JudgeConfig, MllmJudgeConfig
from policies.worker.isolated import IsolatedJudge
from policies.worker.spec import Limits, WorkerSpec, WorkerState

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.worker.spec import WorkerHealth

GB = 1e9


def of_its_own(config: JudgeConfig, *, rehearsal: bool) -> bool:
    """Whether this judge's model gets a process of its own.

    Models that compute here do, in real runs: image analysis cannot hang for long, and a chat
    model computes elsewhere. A rehearsal can be repeated, and its verdicts must not depend on how
    fast a process starts.
    """
    if not isinstance(config, MllmJudgeConfig | HfJudgeConfig):
        return False
    return (config.process or ("same" if rehearsal else "own")) == "own"


def isolated(
    config: JudgeConfig,
    channel: str | None,
    deadline_s: float,
    *,
    rehearsal: bool,
    on_event: Callable[[str, str], None],
) -> IsolatedJudge:
    """The judge in its process, which loads from now on; each call has `deadline_s`.

    With a fallback, that one judges until the model is loaded; in a rehearsal it is waited for all
    the same. A model of the Hugging Face kind without a fallback is waited for here: where it
    cannot be loaded, a run has no point. Raises JudgeUnavailable.
    """
    assert isinstance(config, MllmJudgeConfig | HfJudgeConfig)
    missing = lacks(config)
    if missing:
        raise JudgeUnavailable(str(missing[0]))
    arguments = {"config": config.model_dump(mode="json"), "channel": channel}
    bytes_ = None if config.max_memory_gb is None else int(config.max_memory_gb * GB)
    limits = Limits(max_memory_bytes=bytes_)
    judge = IsolatedJudge(
        WorkerSpec("policies.worker.choice:in_child", arguments),
        name=expected_name(config),
        deadline_s=deadline_s,
        patient=rehearsal or config.fallback is None,
        limits=limits,
        on_event=on_event,
    )
    if isinstance(config, HfJudgeConfig) and config.fallback is None:
        _wait(judge, limits.start_s)
    return judge


def in_child(config: dict[str, Any], channel: str | None) -> Judge:
    """What the child process makes: the same judge as in this process."""
    from policies.registry import judge_here

    adapter: TypeAdapter[JudgeConfig] = TypeAdapter(JudgeConfig)
    return judge_here(adapter.validate_python(config), channel)


def expected_name(config: MllmJudgeConfig | HfJudgeConfig) -> str:
    """What the judge calls itself, as far as can be told without loading it."""
    if isinstance(config, MllmJudgeConfig):
        from policies.mllm.judge import NAME

        base = NAME
    else:
        folder = Path(config.model).expanduser().resolve().name
        base = f"hf:{folder if is_folder(config.model) else config.model}"
    adapter = config.adapter
    return base if adapter is None else f"{base}+{Path(adapter).expanduser().name}"


def worker_of(judge: Judge | None) -> IsolatedJudge | None:
    """The judge that has a process of its own, also behind a fallback; None where none has."""
    first = judge.first if isinstance(judge, FallbackJudge) else judge
    return first if isinstance(first, IsolatedJudge) else None


def health_of(judge: Judge | None) -> WorkerHealth | None:
    """How a judge's process stands; None where it has none."""
    worker = worker_of(judge)
    return None if worker is None else worker.health()


def close_judge(judge: Judge | None) -> None:
    """End a judge's process, where it has one. May be called twice."""
    worker = worker_of(judge)
    if worker is not None:
        worker.close()


def _wait(judge: IsolatedJudge, timeout_s: float) -> None:
    if judge.ready(timeout_s):
        return
    health = judge.health()
    if health.state is WorkerState.BROKEN:
        judge.close()
        raise JudgeUnavailable(health.last_error)
