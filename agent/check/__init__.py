"""Looks a plan and a microscope over before anything moves. `run` and `rehearse` refuse on errors.

`check` is pure and imports neither Micro-Manager nor a model. `instrument_facts` reads the text of
the Micro-Manager configuration, without loading it.
"""

from agent.check.check import check, errors, preflight
from agent.check.facts import FrameSize, InstrumentFacts, instrument_facts
from agent.check.scope import Where, where
from agent.finding import Finding, Level

__all__ = [
    "Finding",
    "FrameSize",
    "InstrumentFacts",
    "Level",
    "Where",
    "check",
    "errors",
    "instrument_facts",
    "preflight",
    "where",
]
