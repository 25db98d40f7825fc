"""The few facts of the plan and the microscope that the report's numbers need."""

from __future__ import annotations

from dataclasses import dataclass

from agent.report.unpack import as_text


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """None where the plan does not say, or where it is missing or unreadable."""

    goal: str = ""
    target: str = ""
    channel: str = ""  # the judge's
    enter: float | None = None
    leave: float | None = None
    reaction_interval_s: float | None = None
    budget_j_cm2: float | None = None
    budget_s: float | None = None


def plan_facts(text: str) -> PlanFacts:
    """Read a plan's YAML; one that this version cannot read gives no facts but its goal."""
    import yaml
    from pydantic import ValidationError

    from agent.plan import Plan, WatchConfig

    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError:
        return PlanFacts()
    try:
        plan = Plan.model_validate(raw)
    except ValidationError:
        return PlanFacts(goal=as_text(raw.get("goal")) if isinstance(raw, dict) else "")
    watch = plan.decide if isinstance(plan.decide, WatchConfig) else None
    channels = [channel.config for channel in plan.baseline.channels]
    return PlanFacts(
        goal=plan.goal,
        target=watch.target if watch else "",
        channel=plan.judge.channel or (channels[0] if channels else ""),
        enter=watch.enter if watch else None,
        leave=watch.leave if watch else None,
        reaction_interval_s=plan.reaction.interval_s if watch else None,
        budget_j_cm2=plan.budget.dose_per_fov_j_cm2,
        budget_s=plan.budget.exposure_per_fov_s,
    )


def has_no_hardware(microscope: str) -> bool:
    """True for the stock demo configuration: real adapters with no instrument behind them."""
    import yaml

    try:
        raw = yaml.safe_load(microscope)
    except yaml.YAMLError:
        return False
    return isinstance(raw, dict) and str(raw.get("mm_config", "")).endswith("MMConfig_demo.cfg")
