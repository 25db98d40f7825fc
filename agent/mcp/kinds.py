"""What a tool can do to sample and instrument, and who may use it. One pure function decides."""

from __future__ import annotations

from enum import StrEnum

from agent.mcp.settings import VARIABLE, McpMode
from agent.mcp.views import Refused
from agent.web.tokens import Role


class Kind(StrEnum):
    """The tag of a tool; the first word of its description."""

    READ = "READ"  # looks
    CONTROL = "CONTROL"  # does what can be taken back, or only asks
    HAZARD = "HAZARD"  # costs light, or commits the instrument: only with a person's approval
    SAFETY = "SAFETY"  # stops


_MODE = {Kind.CONTROL: McpMode.CONTROL, Kind.HAZARD: McpMode.HAZARD}


def not_allowed(tool: str, kind: Kind, mode: McpMode, role: Role) -> Refused | None:
    """Why a tool is not for this caller in this mode; None: it is.

    A viewer looks and never stops a run; an operator may stop in every mode.
    """
    if kind is not Kind.READ and not role.covers(Role.OPERATOR):
        return Refused(
            rule="role",
            what=tool,
            limit=f"it is for an {Role.OPERATOR}, and this token is a {role}'s",
            remedy="Ask a person to give this assistant an operator's token, or to do it.",
        )
    wanted = _MODE.get(kind, McpMode.READ)
    if not mode.covers(wanted):
        return Refused(
            rule="mode",
            what=tool,
            limit=f"the service's mode for assistants is {mode}; it needs {wanted}",
            remedy=f"Only a person can change it: mcp.mode in the service's file, or {VARIABLE},"
            " and a restart. Tell them.",
        )
    return None
