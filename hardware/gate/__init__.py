"""The gate: checks every command that can move, expose or switch. It refuses, never clamps."""

from hardware.gate.gate import Gate
from hardware.gate.light import LightBudget

__all__ = ["Gate", "LightBudget"]
