"""The service's settings: a YAML file, and the environment for what is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from agent.finding import config_error
from agent.mcp.settings import McpConfig
from agent.messages.config import MessagesConfig
from agent.web.settings import WebConfig

if TYPE_CHECKING:
    from pathlib import Path


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SimulatedConfig(Model):
    """A simulated microscope in place of a real one."""

    scenario: str | None = None
    """The simulated specimen: shipped name or file. Left out: the plan's, or `mitosis_night`."""

    seed: int | None = None
    """Another specimen of the same kind."""

    pace: Annotated[FiniteFloat, Field(gt=0)] | None = 60.0
    """Simulated seconds in a real one; null: as fast as the computer can."""

    lamp: str | None = None
    """HOST:PORT of a simulated lamp in a process of its own (`python -m sim.lamp`), to try the
    dead-man with."""


class ServiceConfig(Model):
    """One service."""

    microscope: str = "demo"
    """Shipped name or YAML file of the microscope."""

    simulated: SimulatedConfig | None = None
    """Given: no real instrument is touched."""

    web: WebConfig = WebConfig()
    """Where it listens, and to whom."""

    messages: MessagesConfig = MessagesConfig()
    """Who is told what, and how."""

    mcp: McpConfig = McpConfig()
    """What assistants may do at /mcp."""

    restarts: Annotated[int, Field(ge=0, le=20)] = 3
    """So often a run that died goes on by itself (where its plan allows it at all)."""

    @property
    def lamp_outlives(self) -> bool:
        """The lamp is outside of the runner's process, and may be on when that has died."""
        return self.simulated is None or self.simulated.lamp is not None


def load_service_config(path: Path) -> ServiceConfig:
    """Read a YAML file. Raises ConfigError in one line, without any value that may be secret."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise config_error(path, f"cannot be read ({error.strerror})", "give a file") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise config_error(path, "is no YAML", "see docs/admin.md for an example") from None
    try:
        return ServiceConfig.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise config_error(path, fault["msg"], "see docs/admin.md", key=key) from None
