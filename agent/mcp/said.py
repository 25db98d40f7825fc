"""What an answer means, in one sentence that is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.mcp.views import Answer, Refused, RequestView
from agent.service.views import ChangeView, CommandView, ProposalView, StopView

if TYPE_CHECKING:
    from agent.service.views import View

REFUSED = "Refused. Nothing was sent and nothing was changed."
UNKNOWN = "It is not known whether it was done. Look at the status before anything else."
NOT_DARK = (
    "It is NOT confirmed that the light is off. A person has to go there and switch it off by hand."
)
_WAITS = (
    "Nothing was done. A person has to approve it, in a terminal: `microscout mcp approve {id}`."
    " Do not ask again; look at `requests`."
)
_PROPOSALS = {
    "plan": "A plan. Nothing is in the queue; show it to the person.",
    "ask": "Questions are open. Ask the person, and `answer` in their words.",
    "answer": "An answer. Nothing is planned.",
}


def said_of(view: View) -> Answer[Any]:
    """An answer around what the service or the door has said."""
    match view:
        case RequestView():
            return Answer[Any](outcome="waits", said=_WAITS.format(id=view.id), request=view)
        case ProposalView(outcome="refuse") | ChangeView(state="refused"):
            limit, remedy = "see refusals and questions in the result", "Tell the person."
            no = Refused(rule="words", what="what was wanted", limit=limit, remedy=remedy)
            return Answer[Any](outcome="refused", said=REFUSED, refusal=no, result=view)
        case StopView() if view.light_off != "confirmed":
            return Answer[Any](outcome="unknown", said=NOT_DARK, result=view)
        case _:
            return Answer[Any](outcome="done", said=_done(view), result=view)


def _done(view: View) -> str:
    match view:
        case CommandView(state="waiting"):
            return "Sent. It is applied at the next visit boundary; see `commands` for what became."
        case ProposalView():
            return _PROPOSALS[view.outcome]
        case ChangeView():
            return "Asked for, not applied. A person has to approve it; see its effect."
        case StopView():
            return "Stopped; the light is off."
        case _:
            return "Done."
