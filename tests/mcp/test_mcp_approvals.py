"""What a person has to approve: asked, told, answered through another door, or over."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from mcp_kit import WHY, House, refused

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli_kit import here

from agent.mcp.approvals import MOST_WAITING, Approvals, Approver
from agent.mcp.tool import Wish, asker
from agent.mcp.views import Refused, RequestView
from agent.service.states import Door
from agent.service.views import ExperimentView, RefusalView
from agent.web.tokens import Role

if TYPE_CHECKING:
    from standin import StandIn

ADA = Approver("Ada", Door.TERMINAL)
BOT = asker("Ada", Role.ASSISTANT, "tester", "s")
BURST: dict[str, Any] = {"fov": "A1", "why": WHY}


def waiting(answer: dict[str, Any]) -> int:
    assert answer["outcome"] == "waits", answer
    assert "Nothing was done" in answer["said"]
    found: int = answer["request"]["id"]
    return found


def test_a_hazard_is_done_by_a_persons_yes_and_by_nothing_else(
    house: House, standin: StandIn
) -> None:
    id_ = waiting(house.call("burst", **BURST))
    assert not standin.commands_
    assert "burst in A1" in house.told[0][0] and WHY in house.told[0][1]
    path = f"/mcp/requests/{id_}/approve"
    assert house.api("POST", path, Role.VIEWER).status_code == 403
    assert house.api("POST", path, **{"x-door": "mcp"}).status_code == 403
    assert not standin.commands_
    assert house.api("POST", path).json()["state"] == "done"
    (sent,) = standin.commands_.values()
    assert sent.command["command"] == "burst"
    assert sent.who == "Ada for Ada via tester (MCP)"
    again = house.api("POST", path)
    assert again.status_code == 409 and "it is done" in again.json()["limit"]
    assert len(standin.commands_) == 1
    assert house.call("requests")["result"]["requests"][0]["state"] == "done"


@pytest.mark.parametrize("door", ["", "mcp", "terminal", "page", "api", "service"])
def test_an_assistant_cannot_say_yes_to_itself_whatever_it_sends(
    house: House, standin: StandIn, door: str
) -> None:
    id_ = waiting(house.call("burst", **BURST))
    for answer in ("approve", "deny"):
        path = f"/mcp/requests/{id_}/{answer}"
        said = house.api("POST", path, Role.ASSISTANT, **{"x-door": door, "x-csrf-token": "x"})
        assert (said.status_code, said.json()["error"]) == (403, "role")
    assert house.door.approvals.all()[0].state == "waiting"
    assert not standin.commands_


def test_a_no_is_a_no(house: House, standin: StandIn) -> None:
    id_ = waiting(house.call("set_exposure", channel="DAPI", exposure_ms=5, why=WHY))
    assert house.api("POST", f"/mcp/requests/{id_}/deny").json()["state"] == "denied"
    assert house.api("POST", f"/mcp/requests/{id_}/approve").status_code == 409
    assert house.api("POST", "/mcp/requests/999/deny").status_code == 409
    assert not standin.commands_


def test_what_cannot_be_done_any_more_is_told_to_the_person(house: House, standin: StandIn) -> None:
    id_ = waiting(house.call("burst", **BURST))
    standin.stop_now(ADA)
    found = house.api("POST", f"/mcp/requests/{id_}/approve").json()
    assert (found["state"], "refused" in found["became"]) == ("failed", True)


def test_the_person_sees_the_plan_that_is_submitted_and_no_other(
    house: House, standin: StandIn
) -> None:
    thread = house.call("instruct", words="film them")["result"]["thread"]
    id_ = waiting(house.call("submit", thread=thread, why=WHY))
    (request,) = house.api("GET", "/mcp/requests").json()
    assert request["shown"]
    house.call("answer", thread=thread, answers={"duration_s": "12 h"})
    assert house.api("POST", f"/mcp/requests/{id_}/approve").status_code == 409
    assert len(standin.experiments_) == 3
    refused(house.call("submit", thread="thread77", why=WHY), "proposal")


def test_a_held_run_goes_on_only_as_it_was_shown(house: House, standin: StandIn) -> None:
    standin.hold("stage x is 12 um off")
    first = waiting(house.call("resume_held", experiment=2, why=WHY))
    (request,) = house.api("GET", "/mcp/requests").json()
    assert request["shown"] == ["stage x is 12 um off"]
    standin.hold("stage x is 900 um off")
    assert house.api("POST", f"/mcp/requests/{first}/approve").json()["state"] == "failed"
    found = standin.experiment(2)
    assert isinstance(found, ExperimentView) and found.state == "held"


def test_a_change_is_approved_by_a_person(house: House, standin: StandIn) -> None:
    change = house.call("tell", words="every 30 s")["result"]["id"]
    id_ = waiting(house.call("confirm_change", change=change, why=WHY))
    assert standin.changes_[change].state == "asked"
    house.api("POST", f"/mcp/requests/{id_}/approve")
    assert standin.changes_[change].state == "applied"


# ---------------------------------------------------------------------- autonomy


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("mode", ["auto", "ask", "refuse"])
def test_the_plans_autonomy_binds_assistants_too(
    house: House, standin: StandIn, mode: str, there: bool
) -> None:
    rules = {"costly": mode}
    plan = yaml.safe_load(standin.plan_text)
    plan["autonomy"] = {"attended": rules, "unattended": rules}
    standin.plan_text = yaml.safe_dump(plan)
    standin.attended = there
    skipped, burst = house.call("skip", fov="A1", why=WHY), house.call("burst", **BURST)
    assert skipped["outcome"] == {"auto": "done", "ask": "waits", "refuse": "refused"}[mode]
    if not there:
        refused(burst, "unattended")
    elif mode == "refuse":
        refused(burst, "autonomy")
    else:
        waiting(burst)
    assert len(standin.commands_) == (mode == "auto")


# ---------------------------------------------------------------------- the book


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


def wish(done: list[str], what: str = "burst in A1") -> Wish:
    def act(who: Any) -> Any:
        done.append(who.name)
        return RequestView.model_construct()

    return Wish(what, act, 2)


def test_a_request_that_nobody_answers_is_over() -> None:
    clock, done = Clock(), []
    book = Approvals(900, now=clock)
    book.handled = True
    view = book.ask("burst", wish(done), WHY, BOT)
    assert isinstance(view, RequestView)
    clock.now += dt.timedelta(seconds=900)
    assert isinstance(book.approve(view.id, ADA), RefusalView)
    assert book.all()[0].state == "expired" and not done


def test_without_anybody_who_can_answer_nothing_is_asked() -> None:
    found = Approvals(900).ask("burst", wish([]), WHY, BOT)
    assert isinstance(found, Refused) and "nobody can approve" in found.limit


def test_the_same_wish_is_one_request_and_there_are_not_many() -> None:
    told: list[str] = []
    book = Approvals(900, tell=lambda title, _: told.append(title))
    book.handled = True
    first = [book.ask("burst", wish([]), WHY, BOT) for _ in range(5)]
    assert len({view.id for view in first if isinstance(view, RequestView)}) == 1
    others = [book.ask("burst", wish([], f"w{n}"), WHY, BOT) for n in range(MOST_WAITING + 5)]
    assert len(told) == MOST_WAITING
    assert all(isinstance(view, Refused) for view in others[MOST_WAITING:])


def test_an_approval_that_breaks_down_is_no_success() -> None:
    def act(_: object) -> Any:
        raise OSError("disk")

    book = Approvals(900)
    book.handled = True
    view = book.ask("burst", Wish("x", act), WHY, BOT)
    assert isinstance(view, RequestView)
    with pytest.raises(OSError, match="disk"):
        book.approve(view.id, ADA)
    assert book.all()[0].state == "failed"


# ---------------------------------------------------------------------- the terminal


def test_people_answer_in_a_terminal(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MICROSCOUT_URL", "MICROSCOUT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MICROSCOUT_HOME", str(house.home))
    assert here("mcp", "requests").out == "no assistant asks for anything\n"
    id_ = waiting(house.call("burst", fov="A1", why="so that\x1b[2J"))
    out = here("mcp", "requests").out
    assert "burst in A1" in out and "tester (MCP)" in out and "\x1b" not in out
    assert here("mcp", "requests", "--json").last["requests"][0]["id"] == id_
    assert here("mcp", "approve", id_).code == 0
    assert len(standin.commands_) == 1
    assert here("mcp", "deny", id_).code == 2, "it is done"
    other = waiting(house.call("burst", fov="A2", why=WHY))
    standin.stop_now(ADA)
    assert here("mcp", "approve", other).code == 1
    other = waiting(house.call("submit", thread=_thread(house), why=WHY))
    assert here("mcp", "deny", other).code == 0


def _thread(house: House) -> str:
    found: str = house.call("instruct", words="film them")["result"]["thread"]
    return found
