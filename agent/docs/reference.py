"""Which tables stand in which file of docs/."""

from __future__ import annotations

from agent.docs import blocks
from agent.docs.tables import parts, table
from agent.mcp.settings import McpConfig
from agent.plan import Plan
from agent.web.settings import WebConfig
from hardware.data import MicroscopeConfig
from sim.scenario import Scenario

FILES = ("plans.md", "simulator.md", "api.md", "mcp.md")
ROOTS = (Plan, MicroscopeConfig, Scenario, WebConfig, McpConfig)
MODELS = {model.__name__: model for root in ROOTS for _, model in parts(root)}


def generate(text: str) -> str:
    """A page with all its blocks `keys-<Model>` and `door-<what>` written anew."""
    for name in blocks.names(text):
        kind, _, model = name.partition("-")
        if kind == "keys":
            text = blocks.replace(text, name, table(MODELS[model]))
        if kind == "door":
            from agent.docs.doors import BLOCKS

            text = blocks.replace(text, name, BLOCKS[name]())
    return text
