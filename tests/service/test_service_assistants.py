"""What assistants must not do by a way round: answers, the cookie of the page, locks of people."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from agent.journal.journal import Journal
from agent.live.autonomy import Consequence
from agent.mcp.door import McpDoor
from agent.mcp.http import mcp_router
from agent.mcp.record import CallLog
from agent.mcp.settings import McpConfig, McpMode
from agent.mcp.tool import SUFFIX
from agent.mcp.which import autonomy, set_by_person
from agent.service.states import Door
from agent.service.views import CommandView
from agent.web.app import create_app
from agent.web.guard import Guard
from agent.web.pages.router import pages, static
from agent.web.settings import WebConfig
from agent.web.tokens import Role, Tokens, clear_file

if TYPE_CHECKING:
    from standin import StandIn

BASE = "http://127.0.0.1:8765"
BOT = f"assistant via bot{SUFFIX}"


class Whole:
    """Page, API and /mcp over the stand-in; it needs no life, since all is refused."""

    def __init__(self, home: Path, service: StandIn) -> None:
        self.home = home
        tokens = Tokens(home)
        tokens.ensure()
        guard = Guard(tokens, WebConfig())
        self.door = McpDoor(service, McpConfig(mode=McpMode.HAZARD), CallLog(home))
        routers = (pages(service, guard), mcp_router(self.door))
        app = create_app(service, guard, routers=routers, mounts={"/static": static()})
        self.client = TestClient(app, base_url=BASE)

    def token(self, role: Role) -> str:
        return clear_file(self.home, role).read_text().strip()


@pytest.fixture
def whole(tmp_path: Path, standin: StandIn) -> Whole:
    return Whole(tmp_path, standin)


@pytest.mark.parametrize("answer", ["approve", "deny"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ASSISTANT])
def test_only_operators_answer_what_assistants_ask(whole: Whole, role: Role, answer: str) -> None:
    """Who denies decides, too."""
    headers = {"authorization": f"Bearer {whole.token(role)}"}
    said = whole.client.post(f"/api/v1/mcp/requests/1/{answer}", headers=headers)
    assert (said.status_code, said.json()["error"]) == (403, "role")


def test_a_page_that_a_person_has_open_opens_nothing_for_assistants(whole: Whole) -> None:
    """A browser sends its cookie along whoever wrote the script."""
    form = {"token": whole.token(Role.VIEWER), "name": "Ada"}
    assert whole.client.post("/login", data=form, follow_redirects=False).status_code == 303
    page = whole.client.get("/").text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    assert csrf, "the page has a form"
    said = whole.client.post("/mcp", json={}, headers={"x-csrf-token": csrf})
    assert (said.status_code, said.json()["error"]) == (401, "no_token")


# ---------------------------------------------------------------------- what people have set


def work(run: Path | None = None, *sent: CommandView, plan: str = "") -> Any:
    """A service of which nothing but this is known."""
    service = SimpleNamespace(
        commands=lambda _: sent, run_dir=lambda _: run, plan_yaml=lambda _: plan
    )
    return SimpleNamespace(service=service)


def pausing(who: str, door: Door, state: Any) -> CommandView:
    return CommandView(
        id=1, experiment=1, command={"command": "pause"}, who=who, door=door,
        utc=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), state=state,
    )  # fmt: skip


@pytest.mark.parametrize(("who", "whose"), [("Ada", "Ada"), ("guard", "guard"), (BOT, None)])
def test_a_lock_is_whose_it_is_in_the_journal(tmp_path: Path, who: str, whose: str | None) -> None:
    journal = Journal(tmp_path, lambda: 0.0, durable=False)
    journal.live.lock("pause", "", "why", who, 0.0)
    journal.close()
    assert set_by_person(work(tmp_path), 1, "pause", "") == whose
    assert set_by_person(work(tmp_path), 1, "hold", "a") is None


@pytest.mark.parametrize(
    ("sent", "whose"),
    [
        (pausing("Ada", Door.PAGE, "waiting"), "Ada"),
        (pausing("Ada", Door.PAGE, "done"), None),
        (pausing(BOT, Door.MCP, "waiting"), None),
    ],
)
def test_what_a_person_has_just_commanded_is_theirs_already(
    sent: CommandView, whose: str | None
) -> None:
    """It is in no journal before the next visit."""
    assert set_by_person(work(None, sent), 1, "pause", "") == whose


def test_what_cannot_be_read_is_not_the_assistants(tmp_path: Path) -> None:
    assert set_by_person(work(tmp_path / "no journal"), 1, "pause", "") == "somebody"
    for attended in (True, False):
        found = autonomy(work(plan="]["), 1, Consequence.REVERSIBLE, attended=attended)
        assert found == "refuse"
