"""What tools answer: typed values, refusals that are values, and the record of it all."""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client
from mcp_kit import WHY, House, open_house, refused, structured

from agent.mcp.record import MOST_FILES, CallLog
from agent.mcp.tool import asker
from agent.web.errors import Denied
from agent.web.tokens import Role

if TYPE_CHECKING:
    from pathlib import Path

    from standin import StandIn


def lines(home: Path) -> list[dict[str, Any]]:
    text = (home / "logs" / "mcp.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_reading_is_typed_and_the_client_checks_it(house: House, mode: str) -> None:
    """The official client validates each answer against the schema that was listed."""

    async def work(client: Client) -> dict[str, Any]:
        await client.list_tools()
        found = {}
        for name in [
            "status",
            "health",
            "experiments",
            "run",
            "plan",
            "timeline",
            "frames",
            "questions",
            "changes",
            "commands",
            "requests",
            "limits",
        ]:
            result = await client.call_tool(name, {})
            assert not result.is_error
            assert json.loads(result.content[0].text) == result.structured_content
            found[name] = structured(result)["result"]
        return found

    found = house.with_client(work, mode=mode)
    assert found["status"]["current"]["id"] == 2
    assert found["run"]["light"] == "off" and found["run"]["visits"]
    assert found["timeline"]["events"] and found["timeline"]["older"] is None
    assert [e["id"] for e in found["experiments"]["experiments"]] == [3, 2, 1]
    dapi = found["limits"]["channels"][0]
    assert (dapi["name"]["untrusted_text"], dapi["max_exposure_ms"]) == ("DAPI", 500.0)
    assert "MMConfig" not in json.dumps(found["limits"]), "no files of the server"


def test_a_frame_comes_as_an_image_of_bounded_size(house: House) -> None:
    async def work(client: Client) -> Any:
        return await client.call_tool("picture", {"visit": 1, "index": 1, "max_px": 64})

    result = house.with_client(work)
    image = result.content[1]
    assert (image.type, image.mime_type) == ("image", "image/png")
    png = base64.b64decode(image.data)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert max(width, height) == 64
    assert structured(result)["result"]["bytes"] == len(png) < 700_000
    refused(house.call("picture", visit=99_999), "frame")
    refused(house.call("picture", visit=1, max_px=100_000), "arguments")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("status", {"verbose": True}),
        ("run", {"experiment": "../../etc"}),
        ("run", {"experiment": 0}),
        ("run", {"experiment": 1e300}),
        ("timeline", {"kinds": ["secrets"]}),
        ("timeline", {"limit": 10_000}),
        ("pause", {}),
        ("pause", {"why": "  "}),
        ("pause", {"why": "x" * 501}),
        ("skip", {"why": WHY}),
        ("skip", {"why": WHY, "fov": "A1", "visit": 3}),
        ("add", {"fov": "A1", "delay_s": float("inf"), "why": WHY}),
        ("add", {"fov": "A1", "delay_s": -1, "why": WHY}),
        ("set_exposure", {"channel": "DAPI", "exposure_ms": float("nan"), "why": WHY}),
        ("set_exposure", {"channel": "DAPI", "exposure_ms": 0, "why": WHY}),
        ("set_exposure", {"channel": "DAPI", "exposure_ms": True, "why": WHY}),
        ("set_exposure", {"channel": "DAPI", "exposure_ms": "20", "why": WHY}),
        ("skip", {"why": WHY, "visit": True}),
        ("add", {"fov": "A1", "delay_s": "5", "why": WHY}),
        ("submit", {"thread": "../x", "why": WHY}),
        ("submit", {"thread": "t", "start_utc": "2030-01-01T00:00:00", "why": WHY}),
        ("instruct", {"words": "x" * 4001}),
        ("stop_now", {"experiment": 2}),
    ],
)
def test_wrong_or_unknown_arguments_are_refused_as_values(
    house: House, standin: StandIn, tool: str, arguments: dict[str, Any]
) -> None:
    async def work(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    result = house.with_client(work)
    assert not result.is_error, "a refusal is an answer, no broken tool"
    refused(structured(result), "arguments")
    assert not standin.commands_ and standin.stops == 0


def test_refusals_of_the_service_are_values(house: House) -> None:
    rule = refused(house.call("hold", fov="nowhere", why=WHY), "command")
    assert "no field of view" in rule["limit"]["untrusted_text"]
    refused(house.call("run", experiment=77), "unknown_experiment")
    refused(house.call("answer", thread="t", answers={"a": "b"}), "unknown_thread")
    refused(house.call("pause", experiment=1, why=WHY), "not_running")
    no = house.call("instruct", words="burn them")
    refused(no, "words")
    assert no["result"]["refusals"][0]["remedy"]["untrusted_text"]
    assert refused(house.call("tell", words="burn them"), "words")


def test_what_is_done_is_done_in_the_assistants_name(house: House, standin: StandIn) -> None:
    answer = house.call("pause", why=WHY)
    assert answer["outcome"] == "done"
    (sent,) = standin.commands_.values()
    assert sent.command == {"command": "pause", "why": WHY}
    assert (sent.who, sent.door) == ("Ada via tester (MCP)", "mcp")


def test_nothing_runs_nothing_is_sent(house: House, standin: StandIn) -> None:
    house.call("stop_now")
    assert standin.stops == 1
    refused(house.call("pause", why=WHY), "experiment")
    assert house.call("plan")["result"]["words"], "what is over can still be read"


# ---------------------------------------------------------------------- sleepwalking


def test_actions_of_all_sessions_together_are_capped(standin: StandIn, tmp_path: Path) -> None:
    """A new session, or another name, does not give a new cap. Reading and stopping go on."""
    with open_house(standin, tmp_path, actions_per_minute=3) as house:
        answers = [house.call("hold", fov="A1", why=WHY) for _ in range(6)]
        assert [a["outcome"] for a in answers] == ["done"] * 3 + ["refused"] * 3
        assert "Wait" in refused(answers[-1], "rate")["remedy"]
        assert house.call("status")["outcome"] == "done"
        assert house.call("stop")["outcome"] == "done"
        assert house.call("stop_now")["outcome"] == "done"
    assert len(standin.commands_) == 4


def test_calls_of_a_session_are_limited_but_not_its_stop(standin: StandIn, tmp_path: Path) -> None:
    async def work(client: Client) -> list[dict[str, Any]]:
        return [structured(await client.call_tool("health", {})) for _ in range(8)]

    with open_house(standin, tmp_path, calls_per_minute=5) as house:
        answers = house.with_client(work, mode="legacy")
        assert [a["outcome"] for a in answers] == ["done"] * 5 + ["refused"] * 3
        for _ in range(8):
            assert house.call("stop_now")["outcome"] == "done"


# ---------------------------------------------------------------------- the record


def test_every_call_is_written_down_without_secrets(house: House) -> None:
    token = house.token(Role.ASSISTANT)
    house.call("status")
    house.call("pause", why=f"my token is {token}")
    house.call("burst", fov="A1", why=WHY)
    house.call("nonsense")
    house.call("status", Role.VIEWER)
    house.call("stop_now", Role.VIEWER)
    found = lines(house.home)
    said = [(line["tool"], line["outcome"], line["role"]) for line in found]
    assert said == [
        ("status", "done", "assistant"),
        ("pause", "begun", "assistant"),
        ("pause", "done", "assistant"),
        ("burst", "begun", "assistant"),
        ("burst", "waits", "assistant"),
        ("nonsense", "refused: tool", "assistant"),
        ("status", "done", "viewer"),
        ("stop_now", "refused: role", "viewer"),
    ]
    assert {line["who"] for line in found} == {"Ada via tester (MCP)"}
    assert token not in (house.home / "logs" / "mcp.jsonl").read_text(encoding="utf-8")


def test_what_cannot_be_written_down_is_not_done_but_a_stop_is(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CallLog, "write", full)
    refused(house.call("pause", why=WHY), "record")
    assert not standin.commands_
    assert house.call("status")["outcome"] == "done"
    assert house.call("stop_now")["outcome"] == "done"


def test_the_record_does_not_grow_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mcp.record.MOST_BYTES", 2000)
    log = CallLog(tmp_path / "logs")
    who = asker("Ada", Role.ASSISTANT, "x", "s")
    for _ in range(200):
        log.write(who, "status", {"words": "y" * 100_000}, "done", 0.1)
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == MOST_FILES + 1
    assert sum(file.stat().st_size for file in files) < 25_000


def test_a_fault_of_ours_is_no_yes(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the fault is told; that it is not known what happened is."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("/secret/path")

    monkeypatch.setattr(standin, "command", broken)

    async def work(client: Client) -> Any:
        return await client.call_tool("pause", {"why": WHY})

    result = house.with_client(work)
    assert result.is_error
    assert structured(result)["outcome"] == "unknown"
    assert "secret" not in result.model_dump_json()


def test_what_was_begun_and_takes_too_long_is_not_known(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    monkeypatch.setattr(standin, "command", lambda *_: go.wait(30))
    monkeypatch.setattr(house.door.work.doors.act, "_timeout_s", 0.2)
    assert house.call("pause", why=WHY)["outcome"] == "unknown"
    go.set()


def test_what_was_sent_is_not_refused_because_nobody_could_look(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Busy after it was sent: "nothing was sent" would not be true."""
    real = standin.command

    def waits(*what: Any) -> Any:
        return real(*what).model_copy(update={"state": "waiting"})

    def busy(*_: object) -> Any:
        raise Denied(503, "busy", "too many wait already", "try again", 2.0)

    monkeypatch.setattr(standin, "command", waits)
    monkeypatch.setattr(standin, "commands", busy)
    answer = house.call("refocus", fov="A1", why=WHY)
    assert (answer["outcome"], answer["result"]["state"]) == ("done", "waiting")


def test_a_stop_that_is_not_confirmed_says_so(
    house: House, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(_: object) -> None:
        raise OSError("no answer")

    monkeypatch.setattr(standin, "stop_now", hangs)
    answer = house.call("stop_now")
    assert answer["outcome"] == "unknown"
    assert "NOT confirmed" in answer["said"]
    assert answer["result"]["light_off"] == "not confirmed"
    assert answer["result"]["could_not_stop"]
