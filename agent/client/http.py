"""Asks the service. What it refuses, and what goes wrong on the way, is a ConfigError in a line."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from agent.client.address import START
from agent.finding import ConfigError, config_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.client.address import Address

T = TypeVar("T")
API = "/api/v1"
WITHIN_S = 70.0  # words may be read for a minute
CONNECT_S = 5.0
QUIET_S = 60.0  # a stream of changes beats more often than this
AGAIN = 3
MOST_BYTES = 4_000_000


class Client:
    """One service. Close it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._http = httpx.Client(
            base_url=f"{address.url}{API}",
            headers=address.headers("terminal"),
            timeout=httpx.Timeout(WITHIN_S, connect=CONNECT_S),
            **address.transport(),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, kind: type[T], **query: Any) -> T:
        """What a path shows. Raises ConfigError. A service that is busy is asked again."""
        for _ in range(AGAIN):
            response = self._send("GET", path, params=query)
            if response.status_code != 503 or "retry-after" not in response.headers:
                break
            time.sleep(min(5.0, float(response.headers["retry-after"])))
        return self._read(response, kind)

    def post(self, path: str, kind: type[T], body: Any = None) -> T:
        """What a path does. Raises ConfigError; never sent twice."""
        return self._read(self._send("POST", path, json=body), kind)

    def ticks(self) -> Iterator[None]:
        """Once at the start and then whenever something has changed. Raises ConfigError at its
        end: when the service goes away."""
        timeout = httpx.Timeout(QUIET_S, connect=CONNECT_S)
        try:
            with self._http.stream("GET", "/events", timeout=timeout) as stream:
                if stream.status_code != 200:
                    stream.read()
                    self._read(stream, object)
                for line in stream.iter_lines():
                    if line.startswith("event: changed"):
                        yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._lost(error) from None
        raise config_error(self.address.url, "the service has ended", START)

    # ------------------------------------------------------------------ inside

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **how)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._lost(error) from None

    def _lost(self, error: Exception) -> ConfigError:
        url = self.address.url
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            if "CERTIFICATE" in str(error):
                remedy = "name the authority's file in SSL_CERT_FILE"
                return config_error(url, "its certificate is not trusted here", remedy)
            return config_error(url, "no service answers", START)
        kind = type(error).__name__
        return config_error(url, f"the service did not answer ({kind})", "see its health")

    def _read(self, response: httpx.Response, kind: type[T]) -> T:
        if response.is_success:
            try:
                return TypeAdapter(kind).validate_json(response.content[:MOST_BYTES])
            except ValidationError:
                pass
        else:
            said = _object(response)
            if said.get("refused") is True:
                message = f"refused: {said.get('what')} ({said.get('limit')})"
                raise config_error("service", message, str(said.get("remedy", "")))
            if "error" in said and "message" in said:
                raise config_error("service", str(said["message"]), str(said.get("remedy", "")))
        message = f"answers like no MicroScout service (HTTP {response.status_code})"
        raise config_error(self.address.url, message, "see the address")


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
