"""The JSON API, /api/v1: one router."""

from __future__ import annotations

from fastapi import APIRouter

from agent.web.api import changing, files, looking, running, submitting

PREFIX = "/api/v1"


def api() -> APIRouter:
    """All of it."""
    router = APIRouter(prefix=PREFIX)
    for part in (looking, submitting, running, changing, files):
        router.include_router(part.router)
    return router
