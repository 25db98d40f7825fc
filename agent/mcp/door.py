"""The one way from a tool's name to the service: role, mode, pace, arguments, autonomy, approval.

Every answer is a value. What a tool acts on a run is done here and nowhere else.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agent.finding import one_line
from agent.mcp import acting, planning, reading
from agent.mcp.approvals import Approvals
from agent.mcp.kinds import Kind, not_allowed
from agent.mcp.said import REFUSED, UNKNOWN, said_of
from agent.mcp.settle import settled
from agent.mcp.tool import Asker, Picture, Tool, Work
from agent.mcp.views import Answer, Refused
from agent.mcp.which import autonomy
from agent.service.views import RefusalView
from agent.web.errors import Denied
from agent.web.rate import RateLimit
from agent.web.workers import SLOW, Doors
from agent.web.workers import UNKNOWN as UNKNOWN_DONE

if TYPE_CHECKING:
    from agent.mcp.record import CallLog
    from agent.mcp.settings import McpConfig
    from agent.mcp.tool import Found, Wish
    from agent.service.contract import Service
    from agent.web.api.asked import Asked
    from agent.web.tokens import Role

TOOLS: tuple[Tool, ...] = (*reading.TOOLS, *planning.TOOLS, *acting.TOOLS)
_LOG = logging.getLogger("agent.mcp")

Reply = tuple[Answer[Any], bytes | None]


class McpDoor:
    """One per service. `config` is read here, once.

    Parameters
    ----------
    approvals : where requests wait for people; None: nothing that needs one can be asked.
    log : every call is written there; what cannot be written down is not done, but for a stop.
    """

    def __init__(
        self,
        service: Service,
        config: McpConfig,
        log: CallLog,
        approvals: Approvals | None = None,
        tools: tuple[Tool, ...] = TOOLS,
    ) -> None:
        self._mode = config.mode
        self._log = log
        self._tools = {tool.name: tool for tool in tools}
        self.approvals = approvals or Approvals(config.approval_within_s)
        self.work = Work(service, Doors(), self.approvals)
        per_minute = config.calls_per_minute
        self._calls = RateLimit(per_minute / 60, per_minute, time.monotonic)
        per_minute = config.actions_per_minute
        self._actions = RateLimit(per_minute / 60, per_minute, time.monotonic)

    def tools(self, role: Role) -> tuple[Tool, ...]:
        """Those that this caller may use in this mode; others are not even listed."""
        found = self._tools.values()
        return tuple(t for t in found if not_allowed(t.name, t.kind, self._mode, role) is None)

    def tool(self, name: str) -> Tool | None:
        """By name, whoever may use it."""
        return self._tools.get(name)

    async def call(self, name: str, arguments: dict[str, Any], who: Asker) -> Reply:
        """What a tool answers, and a PNG for those that have one. Raises nothing."""
        began_s = time.monotonic()
        try:
            answer, png = await self._call(name, arguments, who)
        except Denied as denied:
            answer, png = _denied(name, denied), None
        except Exception as error:
            _LOG.error("%s: %s", type(error).__name__, one_line(str(error)), exc_info=error)
            answer, png = Answer[Any](outcome="unknown", said=UNKNOWN), None
        with contextlib.suppress(OSError):
            self._log.write(who, name, arguments, _became(answer), time.monotonic() - began_s)
        return answer, png

    def close(self) -> None:
        """Answer nothing more."""
        self.work.doors.close()

    # ------------------------------------------------------------------ inside

    async def _call(self, name: str, arguments: dict[str, Any], who: Asker) -> Reply:
        tool = self._tools.get(name)
        if tool is None:
            what, remedy = "a tool", "See the list of tools."
            return _refused(Refused(rule="tool", what=what, limit="no such tool", remedy=remedy))
        no = not_allowed(name, tool.kind, self._mode, who.role) or self._too_fast(tool, who)
        if no is not None:
            return _refused(no)
        asked = _parsed(tool, arguments)
        if isinstance(asked, Refused):
            return _refused(asked)
        if tool.kind in (Kind.CONTROL, Kind.HAZARD):
            try:
                self._log.write(who, name, arguments, "begun", 0.0)
            except OSError:
                limit, remedy = "it cannot be written down", "A person has to look at the disk."
                return _refused(Refused(rule="record", what=name, limit=limit, remedy=remedy))
        if tool.do is not None:
            return _reply(await tool.do(self.work, asked, who))
        return _reply(await self._act(tool, asked, who))

    async def _act(self, tool: Tool, asked: Asked, who: Asker) -> Found:
        """A wish is done, filed for a person, or refused; as the plan and the hour say."""
        if tool.wish is None:
            raise TypeError(f"{tool.name} does nothing")
        hazard = tool.kind is Kind.HAZARD
        status = await self.work.doors.look.run(self.work.service.status)
        if hazard and not status.attended:
            limit = "nobody is there (unattended)"
            remedy = "A person says that they are there, or does it."
            return Refused(rule="unattended", what=tool.name, limit=limit, remedy=remedy)
        wish = await tool.wish(self.work, asked)
        if isinstance(wish, RefusalView | Refused):
            return wish
        mode = "auto"
        if tool.consequence is not None and wish.experiment is not None:
            mode = await self.work.doors.look.run(
                autonomy, self.work, wish.experiment, tool.consequence, attended=status.attended
            )
        if mode == "refuse":
            limit = f"the plan lets nothing {tool.consequence} be done but by people"
            remedy = "Ask a person to do it."
            return Refused(rule="autonomy", what=wish.what, limit=limit, remedy=remedy)
        if hazard or mode == "ask" or wish.persons:
            return self.approvals.ask(tool.name, wish, _why(asked), who)
        return await self._do(wish, who)

    async def _do(self, wish: Wish, who: Asker) -> Found:
        return await settled(self.work, await self.work.doors.act.run(wish.act, who))

    def _too_fast(self, tool: Tool, who: Asker) -> Refused | None:
        if tool.kind is Kind.SAFETY:
            return None
        wait_s = self._calls.take(who.session)
        if not wait_s and tool.kind is not Kind.READ:
            wait_s = self._actions.take("all")
        if not wait_s:
            return None
        limit = "too many calls in a minute"
        remedy = f"Wait {wait_s:.0f} s. Do only what a person asked for."
        return Refused(rule="rate", what=tool.name, limit=limit, remedy=remedy)


def _parsed(tool: Tool, arguments: dict[str, Any]) -> Asked | Refused:
    """Faults by place and reason; what was sent is not sent back."""
    try:
        return tool.asked.model_validate(arguments)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:5]
    said = "; ".join(
        f"{one_line('.'.join(str(step) for step in f['loc']))[:60]}: {one_line(f['msg'])[:200]}"
        for f in faults
    )
    remedy = "Put it right; see the tool's input schema."
    return Refused(rule="arguments", what=tool.name, limit=said, remedy=remedy)


def _why(asked: Asked) -> str:
    return str(getattr(asked, "why", ""))


def _reply(found: Found) -> Reply:
    if isinstance(found, RefusalView):
        return _refused(Refused.of(found))
    if isinstance(found, Refused):
        return _refused(found)
    if isinstance(found, Picture):
        return said_of(found.view), found.png
    return said_of(found), None


def _refused(refusal: Refused) -> Reply:
    return Answer[Any](outcome="refused", said=REFUSED, refusal=refusal), None


def _denied(name: str, denied: Denied) -> Answer[Any]:
    """Too busy: nothing was begun. Too slow: nobody knows."""
    if denied.view.error in (SLOW, UNKNOWN_DONE):
        return Answer[Any](outcome="unknown", said=UNKNOWN)
    view = denied.view
    no = Refused(rule=view.error, what=name, limit=view.message, remedy=view.remedy)
    return _refused(no)[0]


def _became(answer: Answer[Any]) -> str:
    rule = "" if answer.refusal is None else f": {answer.refusal.rule}"
    return f"{answer.outcome}{rule}"
