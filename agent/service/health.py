"""What is wrong, looked at and not assumed: each check says how it knows."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from agent.service.hearing import JUDGE, STILL
from agent.service.states import ExperimentState, Level, Reason
from agent.service.views import CheckView, HealthView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.service.home import Home
    from agent.service.queue import Queue
    from agent.service.supervisor import Supervisor

LOW_BYTES, VERY_LOW_BYTES = 5_000_000_000, 1_000_000_000
STUCK_S = 10.0
_ORDER = (Level.GOOD, Level.WARNING, Level.BAD)


def worst(levels: Iterable[Level]) -> Level:
    """The worst of some levels."""
    return max(levels, key=_ORDER.index, default=Level.GOOD)


def health(
    queue: Queue,
    home: Home,
    supervisor: Supervisor,
    more: Sequence[Callable[[], CheckView]] = (),
) -> HealthView:
    """Every check; a check that raises is itself a bad one."""
    checks = []
    looks: list[tuple[str, Callable[[], CheckView]]] = [
        ("supervisor", lambda: _supervisor(supervisor)),
        ("disk", lambda: _disk(home)),
        ("experiment", lambda: _experiment(queue)),
        ("instrument", lambda: _instrument(queue, supervisor)),
        ("judge", lambda: _judge(supervisor)),
        ("light", lambda: _light(supervisor)),
        *((getattr(look, "__name__", "check"), look) for look in more),
    ]
    for name, look in looks:
        try:
            checks.append(look())
        except Exception as error:
            text = f"cannot be looked at: {type(error).__name__}"
            checks.append(CheckView(name=name, level=Level.BAD, text=text))
    return HealthView(level=worst(c.level for c in checks), checks=tuple(checks))


def _supervisor(supervisor: Supervisor) -> CheckView:
    silent_s = time.monotonic() - supervisor.beat
    wrong = supervisor.failure or supervisor.deaf
    if wrong:
        return CheckView(name="supervisor", level=Level.BAD, text=wrong)
    if silent_s > STUCK_S:
        text = f"the supervisor has not gone round for {silent_s:.0f} s"
        return CheckView(name="supervisor", level=Level.BAD, text=text)
    return CheckView(name="supervisor", level=Level.GOOD, text="goes round")


def _disk(home: Home) -> CheckView:
    free = shutil.disk_usage(home.path).free
    level = (
        Level.BAD if free < VERY_LOW_BYTES else Level.WARNING if free < LOW_BYTES else Level.GOOD
    )
    return CheckView(name="disk", level=level, text=f"{free / 1e9:.1f} GB free")


def _experiment(queue: Queue) -> CheckView:
    held = queue.in_state(ExperimentState.HELD)
    if held:
        text = f"experiment {held[0].id} is held: {held[0].why}"
        return CheckView(name="experiment", level=Level.BAD, text=text)
    last = next((one for one in queue.all(20) if one.state.over), None)
    if last is not None and last.state is ExperimentState.FAILED:
        text = f"experiment {last.id} failed: {last.why}"
        return CheckView(name="experiment", level=Level.WARNING, text=text)
    return CheckView(name="experiment", level=Level.GOOD, text="none is held")


def _instrument(queue: Queue, supervisor: Supervisor) -> CheckView:
    """What the run has said is wrong, and what a guard has stopped imaging for."""
    paused = next(iter(queue.in_state(ExperimentState.PAUSED)), None)
    if paused is not None and paused.reason is Reason.GUARD:  # a person who pauses is no trouble
        return CheckView(name="instrument", level=Level.BAD, text=f"{paused.name} {paused.why}")
    wrong = [text for about, text in supervisor.conditions.items() if about != JUDGE]
    if STILL in supervisor.conditions:
        return CheckView(name="instrument", level=Level.BAD, text=supervisor.conditions[STILL])
    if wrong:
        return CheckView(name="instrument", level=Level.WARNING, text="; ".join(wrong[:3]))
    return CheckView(name="instrument", level=Level.GOOD, text="nothing was said against it")


def _light(supervisor: Supervisor) -> CheckView:
    """What is known of it since the last runner has ended; a run under way has its own word."""
    light = supervisor.light
    unknown = supervisor.current is None and light.forbids
    level = Level.BAD if unknown else Level.GOOD
    text = "a run is under way" if supervisor.current is not None else str(light)
    return CheckView(name="light", level=level, text=text)


def _judge(supervisor: Supervisor) -> CheckView:
    """A run goes on without its model, but people should know."""
    wrong = supervisor.conditions.get(JUDGE)
    if wrong is not None:
        return CheckView(name="judge", level=Level.WARNING, text=wrong)
    return CheckView(name="judge", level=Level.GOOD, text="no trouble with it")
