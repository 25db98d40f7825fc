"""What is no JSON: pictures, the report, the stream of changes.

A frame is named by the numbers of its visit and of itself; no part of a path comes from a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from agent.rundir import RunDir
from agent.view.picture import DEFAULT_PX, MOST_PX, frame_png
from agent.web import frames as stored
from agent.web.api.asked import LARGEST_ID, Limit, Number
from agent.web.errors import Denied, documented
from agent.web.guard import Viewer, guard_of
from agent.web.parts import PartsOf, known

if TYPE_CHECKING:
    from pathlib import Path

    from agent.web.parts import Parts

router = APIRouter(tags=["files"])
Index = Annotated[int, Query(ge=0, le=LARGEST_ID)]


def _media(kind: str, schema: dict[str, Any], *errors: int) -> dict[int | str, dict[str, Any]]:
    found = documented(*errors)
    found[200] = {"content": {kind: {"schema": schema}}, "description": "The file"}
    return found


@router.get("/experiments/{id}/frames", responses=documented(404))
async def frames(
    parts: PartsOf,
    who: Viewer,
    id: Number,
    before: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="Of visits below this number.")
    ] = None,
    limit: Limit = 50,
) -> tuple[stored.FrameView, ...]:
    """Its latest frames, latest first."""
    run_dir = await _run_dir(parts, id)
    if run_dir is None:
        return ()
    found = await parts.doors.look.run(stored.frames, run_dir, before=before, limit=limit)
    return tuple(found)


@router.get(
    "/experiments/{id}/picture",
    response_class=Response,
    responses=_media("image/png", {"type": "string", "format": "binary"}, 404),
)
async def picture(
    parts: PartsOf,
    who: Viewer,
    id: Number,
    visit: Annotated[int, Query(ge=1, le=LARGEST_ID)],
    index: Index = 0,
    max_px: Annotated[int, Query(ge=16, le=MOST_PX)] = DEFAULT_PX,
) -> Response:
    """A frame as PNG, contrast stretched; for looking at, not for measuring."""
    run_dir = await _run_dir(parts, id)
    png = None
    if run_dir is not None:
        png = await parts.doors.draw.run(frame_png, run_dir, visit, index, max_px=max_px)
    if png is None:
        message = f"no frame {index} of visit {visit} in experiment {id}"
        raise Denied(404, "not_found", message, "list the frames")
    headers = {"cache-control": "private, max-age=3600"}  # a stored frame never changes
    return Response(png, media_type="image/png", headers=headers)


@router.get(
    "/experiments/{id}/report",
    response_class=FileResponse,
    responses=_media("text/html", {"type": "string"}, 404),
)
async def report(parts: PartsOf, who: Viewer, id: Number) -> FileResponse:
    """Its report, one HTML file, to be kept; there is none before the end of the run."""
    run_dir = await _run_dir(parts, id)
    path = None if run_dir is None else RunDir(run_dir).report
    if path is None or not await parts.doors.look.run(path.is_file):
        message = f"experiment {id} has no report yet"
        raise Denied(404, "not_found", message, "it is written at the end of the run")
    return FileResponse(
        path,
        media_type="text/html; charset=utf-8",
        filename=f"report_{id}.html",
        headers={"content-security-policy": "sandbox; default-src 'none'; img-src data:"},
    )


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=_media("text/event-stream", {"type": "string"}),
)
async def events(request: Request, parts: PartsOf, who: Viewer) -> StreamingResponse:
    """Server-sent events: `changed` at most once a second when there is something new to ask for.

    Does not end by itself. 503 when too many listen.
    """
    guard = guard_of(request)
    lines = await parts.hub.listen(lambda: guard.still_open(request))
    return StreamingResponse(lines, media_type="text/event-stream")


async def _run_dir(parts: Parts, id_: int) -> Path | None:
    await known(parts, id_)
    return await parts.doors.look.run(parts.service.run_dir, id_)
