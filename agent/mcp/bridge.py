"""`microscout mcp`: stdio for an assistant on this computer, HTTP to the service that runs.

It decides nothing: mode, role, caps and approvals are the service's, so whoever starts this process
can widen nothing. A stop at once goes to the API's own stop, which waits in no line.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any

import httpx
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    encode_header_value,
)
from mcp_types.version import LATEST_MODERN_VERSION

from agent.finding import config_error
from agent.mcp.place import CLIENT_HEADER, PATH
from agent.mcp.said import NOT_DARK, REFUSED, UNKNOWN
from agent.mcp.server import INSTRUCTIONS, NAME, as_result
from agent.mcp.views import Answer, Refused
from agent.service.views import StopView

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

    from agent.client.address import Address

    Context = ServerRequestContext[Any, Any]

STOP = "stop_now"
_TIMEOUT = httpx.Timeout(70.0, connect=5.0)  # the service itself gives up reading words after 60 s
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class NotAnsweredError(Exception):
    """The service has not answered. `sent`: whether it may have heard the question."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Far:
    """The service's /mcp, asked without a session: each request says everything."""

    def __init__(self, place: Address, http: httpx.AsyncClient) -> None:
        self._url = place.url
        self._headers = place.headers("mcp")
        self._http = http
        self._numbers = itertools.count(1)

    async def ask(self, method: str, params: dict[str, Any], client: str = "") -> dict[str, Any]:
        """The result of a request. Raises NotAnsweredError."""
        headers = self._headers | {
            "accept": "application/json, text/event-stream",
            MCP_PROTOCOL_VERSION_HEADER: LATEST_MODERN_VERSION,
            MCP_METHOD_HEADER: method,
            CLIENT_HEADER: encode_header_value(client),
        }
        if "name" in params:
            headers[MCP_NAME_HEADER] = encode_header_value(str(params["name"]))
        meta = {
            types.PROTOCOL_VERSION_META_KEY: LATEST_MODERN_VERSION,
            types.CLIENT_INFO_META_KEY: {"name": "microscout mcp", "version": ""},
            types.CLIENT_CAPABILITIES_META_KEY: {},
        }
        body = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method}
        said = await self._post(PATH, headers, body | {"params": params | {"_meta": meta}})
        if "result" not in said:
            raise NotAnsweredError(_fault(said), sent=False)
        result: dict[str, Any] = said["result"]
        return result

    async def stop(self) -> StopView:
        """Light off, past everything that may be full. Raises NotAnsweredError."""
        return StopView.model_validate(await self._post("/api/v1/stop", self._headers, None))

    async def _post(self, path: str, headers: dict[str, str], body: Any) -> dict[str, Any]:
        try:
            response = await self._http.post(f"{self._url}{path}", headers=headers, json=body)
        except _NOT_SENT:
            raise NotAnsweredError("the service cannot be reached", sent=False) from None
        except httpx.HTTPError as error:
            why = f"the service did not answer ({type(error).__name__})"
            raise NotAnsweredError(why, sent=True) from None
        try:
            said: dict[str, Any] = response.json()
        except ValueError:
            why = f"the service answered {response.status_code}, and no JSON"
            raise NotAnsweredError(why, sent=response.status_code < 400) from None
        if response.status_code >= 400 and "jsonrpc" not in said:
            raise NotAnsweredError(_fault(said), sent=response.status_code >= 500)
        return said


def _fault(said: dict[str, Any]) -> str:
    """Of the API's errors and of JSON-RPC's."""
    error = said.get("error")
    text = error.get("message") if isinstance(error, dict) else said.get("message")
    remedy = "" if isinstance(error, dict) else said.get("remedy", "")
    found = str(text or "the service answered with an error")
    return (f"{found}. {remedy}" if remedy else found)[:300]


def make_bridge(far: Far) -> Server[Any]:
    """The stdio side."""

    async def list_tools(
        context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        try:
            found = await far.ask("tools/list", {}, _client(context))
        except NotAnsweredError as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from None
        return types.ListToolsResult.model_validate(found)

    async def call_tool(
        context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        try:
            if params.name == STOP:
                return await _stopped(far)
            asked = {"name": params.name, "arguments": params.arguments or {}}
            found = await far.ask("tools/call", asked, _client(context))
        except NotAnsweredError as error:
            return _not_answered(params.name, error)
        return types.CallToolResult.model_validate(found)

    return Server(
        NAME,
        title="MicroScout",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(place: Address) -> None:
    """Until stdin ends. Raises ConfigError where the service does not answer at the start."""
    async with httpx.AsyncClient(timeout=_TIMEOUT, **place.transport()) as http:
        far = Far(place, http)
        try:
            await far.ask("tools/list", {})
        except NotAnsweredError as error:
            remedy = "is it running, and is the token right? see `microscout status`"
            raise config_error(place.url, str(error), remedy) from None
        server = make_bridge(far)
        async with stdio_server() as (reading, writing):
            with contextlib.suppress(BrokenPipeError):
                await server.run(reading, writing, server.create_initialization_options())


async def _stopped(far: Far) -> types.CallToolResult:
    from agent.mcp.acting import TOOLS
    from agent.mcp.said import said_of

    tool = next(tool for tool in TOOLS if tool.name == STOP)
    return as_result(tool, said_of(await far.stop()), None)


def _not_answered(name: str, error: NotAnsweredError) -> types.CallToolResult:
    """A value as well: a model must not take silence for a broken tool, or for a yes."""
    if name == STOP:
        return as_result(None, Answer[Any](outcome="unknown", said=NOT_DARK), None)
    if error.sent:
        return as_result(None, Answer[Any](outcome="unknown", said=UNKNOWN), None)
    remedy = "Tell the person that the service does not answer."
    no = Refused(rule="service", what=name, limit=str(error), remedy=remedy)
    return as_result(None, Answer[Any](outcome="refused", said=REFUSED, refusal=no), None)


def _client(context: Context) -> str:
    params = context.session.client_params
    return "" if params is None else params.client_info.name[:80]
