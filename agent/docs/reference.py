"""Which tables stand in which file of docs/."""

from __future__ import annotations

from agent.docs import blocks
from agent.docs.tables import parts, table
from agent.plan import Plan
from hardware.data import MicroscopeConfig
from sim.scenario import Scenario

FILES = ("plans.md", "simulator.md")
ROOTS = (Plan, MicroscopeConfig, Scenario)
MODELS = {model.__name__: model for root in ROOTS for _, model in parts(root)}


def generate(text: str) -> str:
    """A page with all its blocks `keys-<Model>` written anew."""
    for name in blocks.names(text):
        kind, _, model = name.partition("-")
        if kind == "keys":
            text = blocks.replace(text, name, table(MODELS[model]))
    return text
