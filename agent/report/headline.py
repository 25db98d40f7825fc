"""What happened, in one or two sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.journal.states import Outcome
from agent.report.account import account_of, balance_line
from agent.report.light import light_of
from agent.report.planfacts import has_no_hardware, plan_facts
from agent.report.read import read_run
from agent.report.unpack import as_text
from agent.report.words import amount, duration, many, percent, spelled

if TYPE_CHECKING:
    from agent.report.account import Account
    from agent.report.light import Light
    from agent.report.record import Record


def headline(run: Record | Path) -> str:
    """One line in plain words: fields, time, bursts, account, light. Raises `ReportError`."""
    record = read_run(run) if isinstance(run, Path) else run
    light = light_of(record, plan_facts(record.run.plan))
    parts = [
        f"{spelled(len(record.fields)).capitalize()} field{'s' * (len(record.fields) != 1)}"
        f" for {duration(record.run.last_s)}",
        many(len(record.bursts), "burst"),
        _ending(record, account_of(record)),
        _light(light),
    ]
    return "; ".join(parts) + "."


def unfinished(record: Record) -> str:
    """Why the run has no outcome, and what to do; "" for a run that ended."""
    if record.run.ended:
        return ""
    return (
        "this run has not ended: it is still going on, or it was killed. Last sign of life at"
        f" {duration(record.run.last_s)}; `microscout resume {record.run_dir.name}` takes it up"
        " where it stopped."
    )


def provenance(record: Record) -> str:
    """Where the images came from, when it was not a sample under a microscope; else ""."""
    if record.run.kind == "rehearse":
        return "SIMULATED: no sample and no microscope were involved."
    if record.run.kind == "replay":
        return "REPLAY of recorded images: no microscope was involved, no light reached a sample."
    if has_no_hardware(record.run.microscope):
        return (
            "DEMO DEVICES: Micro-Manager's demo adapters; no sample and no instrument behind them."
        )
    return ""


def _ending(record: Record, account: Account) -> str:
    made = f"{account.accounted:,} of {account.expected:,} visits accounted for"
    match record.run.outcome:
        case Outcome.COMPLETE if account.balances:
            return f"complete{_why(record)}: {made}"
        case Outcome.COMPLETE:
            return f"ended as complete, but {balance_line(account)[0].lower()}" + (
                balance_line(account)[1:].rstrip(".")
            )
        case Outcome.STOPPED:
            return f"stopped before its end{_why(record)}: {made}"
        case Outcome.FAILED:
            return f"failed{_why(record)}: {made}"
        case Outcome.RUNNING:
            return f"not ended (still going on, or killed): {made} so far"


def _why(record: Record) -> str:
    """What the run itself gave as its reason, or its last error."""
    said = as_text(record.run.summary.get("why"), 300)
    if not said and record.run.outcome is Outcome.FAILED and record.errors:
        said = record.errors[-1].what
    return f" ({said})" if said else ""


def _light(light: Light) -> str:
    if light.busiest is None:
        return "light: none"
    fov, most = light.busiest
    text = f"light: the busiest field, {fov}, got {amount(most, light.unit)}"
    if not light.calibrated:
        text += " (this microscope's light is not calibrated)"
    if light.share_of_fixed is not None:
        share = percent(light.share_of_fixed)
        text += f"; all fields together {share} of imaging every field at the reaction rate"
    return text
