"""Which role each route of an app needs. One that does not say so must not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Declared:
    """A route. `needs`: a role, anybody, or scraper; "" for one that does not say."""

    method: str
    path: str
    needs: str
    summary: str = ""


def declared(app: FastAPI) -> list[Declared]:
    """Every method of every route; files that are mounted are for anybody, other mounts are not."""
    found: list[Declared] = []
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        original = getattr(route, "original_route", route)
        if isinstance(original, Mount):
            public = isinstance(original.app, StaticFiles)
            found.append(Declared("GET", path, "anybody" if public else ""))
            continue
        wanted = sorted(set(_needs(getattr(route, "dependant", None))), key=_strength)
        summary = (getattr(route.endpoint, "__doc__", "") or "").strip().partition("\n")[0]
        found += [
            Declared(method, path, wanted[-1] if wanted else "", summary)
            for method in sorted(route.methods or {""})
        ]
    return found


def refuse_undeclared(app: FastAPI) -> None:
    """Raises RuntimeError for a route that does not say who may use it."""
    silent = [f"{route.method} {route.path}" for route in declared(app) if not route.needs]
    if silent:
        raise RuntimeError(f"no role is declared for {', '.join(silent)}")


def _needs(dependant: Any) -> Iterator[str]:
    inner: Sequence[Any] = getattr(dependant, "dependencies", ())
    for dependency in inner:
        wanted = getattr(dependency.call, "needs", None)
        if wanted is not None:
            yield str(wanted)
        yield from _needs(dependency)


def _strength(needs: str) -> int:
    return ("anybody", "scraper", "viewer", "assistant", "operator").index(needs)
