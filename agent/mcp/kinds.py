"""What a tool can do to sample and instrument, and who may use it. One pure function decides."""

from __future__ import annotations

from enum import StrEnum

from agent.mcp.settings import VARIABLE, McpMode
from agent.mcp.views import Refused
from agent.web.tokens import Role

PEOPLES_TOKEN = "an operator's token is for people: it could approve what is asked with it"
GIVE_ITS_OWN = "Give the assistant its own token: assistant.token in the service's home."


class Kind(StrEnum):
    """The tag of a tool; the first word of its description."""

    READ = "READ"  # looks
    CONTROL = "CONTROL"  # does what can be taken back, or only asks
    HAZARD = "HAZARD"  # costs light, or commits the instrument: only with a person's approval
    SAFETY = "SAFETY"  # stops


_MODE = {Kind.CONTROL: McpMode.CONTROL, Kind.HAZARD: McpMode.HAZARD}


def not_allowed(tool: str, kind: Kind, mode: McpMode, role: Role) -> Refused | None:
    """Why a tool is not for this caller in this mode; None: it is.

    A viewer looks and never stops a run; an assistant may stop in every mode. An operator's token
    could approve what is asked with it, so nothing is.
    """
    if role is Role.OPERATOR:
        return Refused(rule="role", what=tool, limit=PEOPLES_TOKEN, remedy=GIVE_ITS_OWN)
    if kind is not Kind.READ and not role.covers(Role.ASSISTANT):
        return Refused(
            rule="role",
            what=tool,
            limit=f"it is for an {Role.ASSISTANT}, and this token is a {role}'s",
            remedy="Ask a person to give this assistant the assistant's token, or to do it.",
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
