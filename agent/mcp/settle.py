"""What became of a command that waits for the next visit boundary, where that comes soon.

A command that the run refuses there must not be left standing as a success.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from agent.service.views import CommandView, RefusalView
from agent.web.errors import Denied

if TYPE_CHECKING:
    from agent.mcp.tool import Found, Work

WAIT_S, EVERY_S = 3.0, 0.2


async def settled(work: Work, found: Found) -> Found:
    """A command as it is by now, looked at for a few seconds at most; anything else as it is."""
    ends_s = time.monotonic() + WAIT_S
    while isinstance(found, CommandView) and found.state == "waiting":
        if time.monotonic() >= ends_s:
            break
        await asyncio.sleep(EVERY_S)
        try:
            sent = await work.doors.look.run(work.service.commands, found.experiment)
        except Denied:
            break  # it was sent, whatever keeps us from looking: that must not become a refusal
        found = next((one for one in sent if one.id == found.id), found)
    return refusal_of(found) if isinstance(found, CommandView) else found


def refusal_of(sent: CommandView) -> CommandView | RefusalView:
    """A command that was refused, as a refusal."""
    if sent.state != "refused":
        return sent
    what = f"{sent.command.get('command')}, experiment {sent.experiment}"
    remedy = "Look at the status, and ask for what fits."
    return RefusalView(rule="command", what=what, limit=sent.why, remedy=remedy)
