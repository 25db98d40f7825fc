"""The big stop: for the API and for the page, the same."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agent.service.views import StopView
from agent.web.workers import at_once

if TYPE_CHECKING:
    from agent.service.contract import Service, Who

STOP_WITHIN_S = 10.0
_LOG = logging.getLogger("agent.web")


async def stop_at_once(service: Service, who: Who) -> StopView:
    """Light off, in a thread of its own; takes no lock and waits in no line.

    Answers truthfully even where the service does not: then nothing is confirmed.
    """
    began_s = time.monotonic()
    try:
        return await at_once(lambda: service.stop_now(who), STOP_WITHIN_S)
    except TimeoutError:
        why = f"the service did not answer within {STOP_WITHIN_S:g} s; it goes on trying"
    except Exception as error:
        _LOG.exception("stop")
        why = f"the service failed ({type(error).__name__})"
    return StopView(
        stopped=False,
        light_off="not confirmed",
        could_not_stop=(why, "switch the light off by hand"),
        took_s=round(time.monotonic() - began_s, 3),
    )
