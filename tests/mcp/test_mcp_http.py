"""/mcp as strangers and pages elsewhere meet it; and the stdio side when the service is gone."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from mcp import Client
from mcp_kit import MICROSCOUT, ROOT, WHY, House, refused, structured

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli_kit import here

from agent.client.address import Address
from agent.mcp.bridge import Far, make_bridge
from agent.mcp.http import MOST_SESSIONS
from agent.web.tokens import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from standin import StandIn

LEGACY = "2025-06-18"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    },
}
JSON = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def post(house: House, body: Any = HELLO, **headers: str) -> httpx.Response:
    return httpx.post(f"{house.url}/mcp", json=body, headers=JSON | headers)


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def test_strangers_and_pages_elsewhere_get_nowhere(house: House, standin: StandIn) -> None:
    right = house.bearer(Role.ASSISTANT)
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "stop_now", "arguments": {}},
    }
    for status, headers in (
        (401, {}),
        (401, {"authorization": "Bearer mso_wrong"}),
        (401, {"authorization": "Basic " + house.token(Role.ASSISTANT)}),
        (403, {**right, "origin": "http://evil.example"}),
        (403, {**right, "origin": "null"}),
        (403, {**right, "sec-fetch-site": "cross-site"}),
        (421, {**right, "host": "evil.example"}),
    ):
        for body in (HELLO, call):
            assert post(house, body, **headers).status_code == status, headers
    assert standin.stops == 0


def test_a_pages_cookie_opens_nothing_here(house: House) -> None:
    """A page's script must not act as an assistant."""
    with httpx.Client(base_url=house.url) as page:
        form = {"token": house.token(), "name": "Ada"}
        assert page.post("/login", data=form).status_code == 303
        assert page.cookies
        response = page.post("/mcp", json=HELLO, headers=JSON)
    assert response.status_code in (401, 403)


def test_an_operators_token_opens_nothing_here(house: House) -> None:
    """With it an assistant could approve what it asks for; the answer says what to give it."""
    for body in (HELLO, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}):
        answer = post(house, body, **house.bearer(Role.OPERATOR))
        assert (answer.status_code, answer.json()["error"]) == (403, "role")
        assert "assistant.token" in answer.json()["remedy"]
    for role in (Role.VIEWER, Role.ASSISTANT):
        assert post(house, **house.bearer(role)).status_code == 200


def test_it_is_post_and_small_and_json(house: House) -> None:
    headers = JSON | house.bearer(Role.ASSISTANT)
    assert httpx.get(f"{house.url}/mcp", headers=headers).status_code == 405
    huge = httpx.post(f"{house.url}/mcp", content=b"[" * 2_000_000, headers=headers)
    assert huge.status_code == 413
    for content in (b"", b"{", b"[]", b"[" * 50_000, b'{"jsonrpc": "2.0"}', b"\xff\xfe"):
        response = httpx.post(f"{house.url}/mcp", content=content, headers=headers)
        assert 400 <= response.status_code < 500, (content[:20], response.status_code)
        json.loads(response.content)


def test_a_session_is_of_the_role_that_opened_it_and_there_are_not_many(house: House) -> None:
    opened = post(house, **house.bearer(Role.ASSISTANT))
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
    mine = post(house, listing, **house.bearer(Role.ASSISTANT), **session)
    assert mine.status_code == 200, mine.text
    theirs = post(house, listing, **house.bearer(Role.VIEWER), **session)
    assert theirs.status_code in (403, 404)
    answers = [post(house, **house.bearer(Role.ASSISTANT)) for _ in range(MOST_SESSIONS + 5)]
    assert {answer.status_code for answer in answers} <= {200, 429, 503}
    assert answers[-1].status_code in (429, 503)
    assert house.call("status")["outcome"] == "done", "assistants of today need no session"


# ---------------------------------------------------------------------- stdio


def bridged(place: Address, work: Callable[[Client, Far], Awaitable[Any]]) -> Any:
    """The stdio side in this process, asked by the official client."""

    async def main() -> Any:
        async with httpx.AsyncClient(timeout=5, **place.transport()) as http:
            far = Far(place, http)
            async with Client(make_bridge(far)) as client:
                return await work(client, far)

    return asyncio.run(main())


def test_a_service_that_is_gone_is_an_answer_and_never_a_yes(house: House) -> None:
    async def work(client: Client, far: Far) -> list[Any]:
        await client.list_tools()
        far._url = "http://127.0.0.1:9"
        calls: dict[str, Any] = {"status": {}, "pause": {"why": WHY}, "stop_now": {}}
        return [await client.call_tool(name, arguments) for name, arguments in calls.items()]

    looked, paused, stopped = bridged(Address(house.url, house.token(Role.ASSISTANT)), work)
    refused(structured(looked), "service")
    refused(structured(paused), "service")
    answer = structured(stopped)
    assert answer["outcome"] == "unknown" and "NOT confirmed" in answer["said"]


def test_a_stop_passes_by_what_is_full(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a tool's call among others: it goes to the stop itself."""

    async def full(*_: object) -> Any:
        raise AssertionError("this way is full")

    async def work(client: Client, _: Far) -> Any:
        return await client.call_tool("stop_now", {})

    monkeypatch.setattr(house.door, "call", full)
    answer = structured(bridged(Address(house.url, house.token(Role.ASSISTANT)), work))
    assert answer["result"]["light_off"] == "confirmed" and standin.stops == 1


def test_where_no_service_answers_it_does_not_begin(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MICROSCOUT_URL", "MICROSCOUT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for options, says in (
        (["--home", str(tmp_path)], "none runs here"),
        (["--url", "http://127.0.0.1:9", "--home", str(house.home)], "no token"),
        (["--url", "http://scope.lab"], "no token"),
    ):
        done = here("mcp", *options)
        assert (done.code, says in done.err, done.err.count("\n")) == (2, True, 1), done.err
    monkeypatch.setenv("MICROSCOUT_TOKEN", "mso_wrong")
    done = here("mcp", "--home", str(house.home))
    assert done.code == 2 and "opens nothing" in done.err and "mso_wrong" not in done.err
    monkeypatch.setenv("MICROSCOUT_TOKEN", house.token(Role.OPERATOR))
    done = here("mcp", "--home", str(house.home))
    assert done.code == 2 and "assistant.token" in done.err, "a person's token is not taken"
    monkeypatch.setenv("MICROSCOUT_URL", "http://scope.lab")
    assert "unencrypted" in here("mcp").err


def test_only_the_protocol_is_on_stdout(house: House) -> None:
    """One stray word there, and no client understands us any more."""
    ended = subprocess.run(
        [*MICROSCOUT, "mcp", "--home", str(house.home)],
        cwd=ROOT,
        input=json.dumps(HELLO) + "\n",
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    (line,) = ended.stdout.splitlines()
    assert json.loads(line)["result"]["serverInfo"]["name"] == "microscout"
