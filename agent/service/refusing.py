"""Refusals of the service, as values."""

from __future__ import annotations

from agent.service.views import RefusalView


def no(rule: str, what: str, limit: str, remedy: str) -> RefusalView:
    """Nothing was done: which rule, of what, why, and what to do instead."""
    return RefusalView(rule=rule, what=what, limit=limit, remedy=remedy)


def unknown(id_: int) -> RefusalView:
    """No experiment of that number."""
    return no("experiment", f"experiment {id_}", "there is none", "See the list of experiments.")
