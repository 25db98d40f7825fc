"""Tools x mode x role: what is listed, what is done, and that nothing widens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client
from mcp_kit import WHY, House, open_house, refused, structured

from agent.finding import ConfigError
from agent.mcp.door import TOOLS
from agent.mcp.kinds import Kind, not_allowed
from agent.mcp.settings import McpConfig, McpMode, with_environment
from agent.web.tokens import Role

if TYPE_CHECKING:
    from pathlib import Path

    from standin import StandIn

KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        ["status", "health", "experiments", "run", "plan", "timeline", "frames", "picture"],
        Kind.READ,
    ),
    **dict.fromkeys(["questions", "changes", "commands", "requests", "limits"], Kind.READ),
    **dict.fromkeys(["instruct", "answer", "propose", "tell", "pause", "resume"], Kind.CONTROL),
    **dict.fromkeys(["skip", "add", "refocus", "hold", "release"], Kind.CONTROL),
    **dict.fromkeys(["submit", "confirm_change", "resume_held"], Kind.HAZARD),
    **dict.fromkeys(["burst", "set_exposure"], Kind.HAZARD),
    **dict.fromkeys(["stop", "stop_now"], Kind.SAFETY),
}
MAY = {  # (mode, role): kinds
    (McpMode.READ, Role.VIEWER): {Kind.READ},
    (McpMode.CONTROL, Role.VIEWER): {Kind.READ},
    (McpMode.HAZARD, Role.VIEWER): {Kind.READ},
    (McpMode.READ, Role.ASSISTANT): {Kind.READ, Kind.SAFETY},
    (McpMode.CONTROL, Role.ASSISTANT): {Kind.READ, Kind.SAFETY, Kind.CONTROL},
    (McpMode.HAZARD, Role.ASSISTANT): set(Kind),
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "picture": {"visit": 1},
    "instruct": {"words": "film them"},
    "answer": {"thread": "t", "answers": {"a": "b"}},
    "propose": {"yaml": "goal: x"},
    "tell": {"words": "every 30 s"},
    "pause": {"why": WHY},
    "resume": {"why": WHY},
    "skip": {"fov": "A1", "why": WHY},
    "add": {"fov": "A1", "why": WHY},
    "refocus": {"fov": "A1", "why": WHY},
    "hold": {"fov": "A1", "why": WHY},
    "release": {"fov": "A1", "why": WHY},
    "submit": {"thread": "t", "why": WHY},
    "confirm_change": {"change": 1, "why": WHY},
    "resume_held": {"experiment": 2, "why": WHY},
    "burst": {"fov": "A1", "why": WHY},
    "set_exposure": {"channel": "DAPI", "exposure_ms": 5, "why": WHY},
}


def test_every_tool_has_its_tag() -> None:
    assert {tool.name: tool.kind for tool in TOOLS} == KINDS
    for tool in TOOLS:
        assert (tool.do is None) != (tool.wish is None)
        if tool.kind is Kind.HAZARD:
            assert tool.do is None, "a hazard never acts by itself"


@pytest.mark.parametrize(("mode", "role"), MAY)
def test_what_is_listed_and_what_is_answered(
    standin: StandIn, tmp_path: Path, mode: McpMode, role: Role
) -> None:
    """The whole table through the real door; what is not listed is refused as a value."""

    async def work(client: Client) -> tuple[list[str], dict[str, dict[str, Any]]]:
        listed = [tool.name for tool in (await client.list_tools()).tools]
        return listed, {
            name: structured(await client.call_tool(name, ARGUMENTS.get(name, {})))
            for name in KINDS
        }

    with open_house(standin, tmp_path, mode=mode) as house:
        listed, answers = house.with_client(work, role)
    assert set(listed) == {name for name, kind in KINDS.items() if kind in MAY[mode, role]}
    for name, answer in answers.items():
        rule = "role" if role is Role.VIEWER else "mode"
        if name not in listed:
            refused(answer, rule)
        elif answer["outcome"] == "refused":
            assert answer["refusal"]["rule"] not in ("role", "mode", "arguments"), name
    if role is Role.VIEWER:
        assert standin.stops == 0, "a viewer must not stop a run"
        assert not standin.commands_ and not standin.changes_ and not standin.proposals
    else:
        assert standin.stops == 1, "stop works in every mode"
    if mode is McpMode.HAZARD and role is Role.ASSISTANT:
        assert answers["burst"]["outcome"] == answers["set_exposure"]["outcome"] == "waits"
    sent = {c.command["command"] for c in standin.commands_.values()}
    assert not sent & {"burst", "set_exposure"}


def test_the_annotations_say_what_the_tag_says(house: House) -> None:
    async def work(client: Client) -> Any:
        return (await client.list_tools()).tools

    for tool in house.with_client(work):
        kind = KINDS[tool.name]
        assert (tool.description or "").startswith(f"{kind}: ")
        assert tool.annotations.read_only_hint is (kind is Kind.READ)
        assert tool.annotations.destructive_hint is (kind is Kind.HAZARD)
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None


@pytest.mark.parametrize("mode", [McpMode.READ, McpMode.CONTROL])
def test_no_argument_of_any_tool_widens_the_mode(
    standin: StandIn, tmp_path: Path, mode: McpMode
) -> None:
    async def work(client: Client) -> None:
        more = {"mode": "hazard", "role": "operator", "approved": True}
        for name in KINDS:
            answer = structured(await client.call_tool(name, {**ARGUMENTS.get(name, {}), **more}))
            rule = refused(answer, answer["refusal"]["rule"])
            assert rule["rule"] in ("mode", "arguments"), (name, answer)
            if rule["rule"] == "arguments":
                assert all(key in rule["limit"]["untrusted_text"] for key in more), rule
        for name in ("configure", "set_mode", "attend", "approve", "deny", "__class__"):
            refused(structured(await client.call_tool(name, {"mode": "hazard"})), "tool")
        await client.call_tool("status", {}, meta={"mode": "hazard"})
        answer = structured(await client.call_tool("burst", ARGUMENTS["burst"]))
        refused(answer, "mode")

    with open_house(standin, tmp_path, mode=mode) as house:
        house.with_client(work)
        assert standin.stops == 0 and standin.attended


def test_the_mode_is_read_once_at_the_start(
    standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_house(standin, tmp_path, mode=McpMode.READ) as house:
        monkeypatch.setenv("MICROSCOUT_MCP_MODE", "hazard")
        refused(house.call("pause", why=WHY), "mode")


def test_the_environment_names_the_mode_or_nothing_starts() -> None:
    config = McpConfig()
    assert config.mode is McpMode.READ, "read-only by default"
    assert with_environment(config, {}) is config
    assert with_environment(config, {"MICROSCOUT_MCP_MODE": "control"}).mode is McpMode.CONTROL
    with pytest.raises(ConfigError, match="read, control, hazard"):
        with_environment(config, {"MICROSCOUT_MCP_MODE": "all"})
    with pytest.raises(ValueError, match="extra"):
        McpConfig.model_validate({"modus": "hazard"})


@pytest.mark.parametrize("kind", Kind)
def test_the_rule_itself(kind: Kind) -> None:
    for (mode, role), kinds in MAY.items():
        assert (not_allowed("x", kind, mode, role) is None) == (kind in kinds)
    for mode in McpMode:
        assert not_allowed("x", kind, mode, Role.OPERATOR), "it could approve what it asks for"
