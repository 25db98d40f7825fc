"""The MCP door's settings: the section `mcp:` of the service's file.

They are read once, at the start of the service; no tool can change them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "MICROSCOUT_MCP_MODE"


class McpMode(StrEnum):
    """What assistants may ask for. Each one includes those before it."""

    READ = "read"
    CONTROL = "control"
    HAZARD = "hazard"

    def covers(self, wanted: McpMode) -> bool:
        """Whether this mode includes another one."""
        order = list(McpMode)
        return order.index(self) >= order.index(wanted)


class McpConfig(BaseModel):
    """What assistants may do, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mode: McpMode = McpMode.READ
    """read: look, and stop. control: also what can be taken back. hazard: also ask a person for
    what costs light or commits the instrument; nothing of that is done without their approval."""

    calls_per_minute: Annotated[int, Field(ge=1, le=6000)] = 120
    """Calls of one session. A stop is never counted."""

    actions_per_minute: Annotated[int, Field(ge=1, le=600)] = 10
    """Calls that do or ask for something, of all sessions together. A stop is never counted."""

    approval_within_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 900.0
    """A request that no person answers so long is over; nothing was done."""


def with_environment(config: McpConfig, environ: Mapping[str, str]) -> McpConfig:
    """The settings, with MICROSCOUT_MCP_MODE in place of `mode`. Raises ConfigError."""
    said = environ.get(VARIABLE)
    if said is None:
        return config
    try:
        return config.model_copy(update={"mode": McpMode(said)})
    except ValueError:
        modes = ", ".join(McpMode)
        raise config_error(VARIABLE, "is no mode", f"give one of {modes}") from None
