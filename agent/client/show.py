"""The service's answers as lines for a terminal; what others wrote cannot move its cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.finding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.service.views import (
        AskView,
        ChangeView,
        CommandView,
        ExperimentView,
        ProposalView,
        QuestionView,
        RunView,
        StatusView,
        StopView,
    )


def lines_of_status(status: StatusView) -> Iterator[str]:
    """Everything at a glance; the headline first."""
    there = "somebody is there" if status.attended else "nobody is there"
    what = "simulated " if status.simulated else ""
    yield one_line(status.headline)
    yield one_line(f"  {what}microscope {status.microscope}, {there}, level {status.level}")
    if status.queue_held:
        yield one_line(f"  queue held: {status.queue_held}; microscout release-queue")
    if status.current is not None:
        yield f"  {experiment(status.current)}"
    if status.run is not None:
        yield f"  {run(status.run)}"
    for one in status.waiting:
        yield f"  {experiment(one)}"
    for asked in status.asks:
        yield f"  {ask(asked)}"
    for problem in status.problems:
        yield one_line(f"  problem: {problem}")


def experiment(view: ExperimentView) -> str:
    """Number, name, state, and what it waits for."""
    parts = [f"experiment {view.id} ({view.name}): {view.state}"]
    if view.why:
        parts.append(view.why)
    if view.start_utc is not None and view.state == "waiting":
        parts.append(f"not before {view.start_utc.astimezone():%Y-%m-%d %H:%M}")
    if view.after is not None and view.state == "waiting":
        parts.append(f"after experiment {view.after}")
    parts += [f"difference: {text}" for text in view.differences]
    return one_line(", ".join(parts))


def run(view: RunView) -> str:
    """Time, visits, light."""
    visits = ", ".join(f"{number} {state}" for state, number in sorted(view.visits.items()))
    parts = [f"{view.time_s:.0f} of {view.end_s:.0f} s", f"visits: {visits or 'none'}"]
    parts.append(f"light {view.light}")
    parts.append(f"dose {view.dose_max_fov:.3g} {view.dose_unit} in the field that got most")
    if view.bursts:
        parts.append(f"fast: {', '.join(view.bursts)}")
    parts += [f"{fov} left alone ({why})" for fov, why in view.held.items()]
    parts += [f"{channel} at {said}" for channel, said in view.exposures_set.items()]
    for number, what in ((view.late, "late"), (view.errors, "errors"), (view.refusals, "refusals")):
        if number:
            parts.append(f"{number} {what}")
    return one_line("; ".join(parts))


def ask(view: AskView) -> str:
    """A question, with what happens without an answer."""
    return one_line(
        f"question {view.id}: {view.action} in {view.fov}? ({view.reason}; {view.consequence};"
        f" without an answer by {view.expires_s:.0f} s: {view.default})"
    )


def change(view: ChangeView) -> Iterator[str]:
    """Old -> new, and what it costs."""
    yield one_line(f"change {view.id}, {view.who}: {view.words} ({view.state})")
    for diff in view.diff:
        yield one_line(f"  {diff.key}: {diff.old} -> {diff.new}")
    for diff in view.effect:
        yield one_line(f"  effect on {diff.key}: {diff.old} -> {diff.new}")
    if view.why:
        yield one_line(f"  {view.why}")


def command(view: CommandView) -> str:
    """What became of it."""
    name = view.command.get("command")
    if view.state == "waiting":
        return one_line(f"{name}: will be done at the next visit boundary (command {view.id})")
    return one_line(f"{name}: {view.why or view.state}")


def stopped(view: StopView) -> Iterator[str]:
    """The light first."""
    done = "stopped at once" if view.stopped else "nothing was running"
    yield one_line(f"{done}; light off: {view.light_off} ({view.took_s:.2f} s)")
    for what in view.could_not_stop:
        yield one_line(f"could NOT stop: {what}")


def proposal(view: ProposalView) -> Iterator[str]:
    """What it would do, and what each value rests on."""
    for line in view.described:
        yield one_line(line)
    for source in view.sources:
        yield one_line(f"  {source.slot} = {source.value} ({source.source})")
    for warning in view.warnings:
        yield one_line(f"warning: {warning}")


def question(view: QuestionView) -> str:
    """With its choices and the answer that is proposed."""
    text = view.text
    if view.choices:
        text += f" [{' | '.join(view.choices)}]"
    return one_line(f"{text} (proposed: {view.proposed})" if view.proposed else text)
