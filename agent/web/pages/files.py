"""Pictures, and the report in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse
from starlette.responses import Response

from agent.rundir import RunDir
from agent.view.picture import DEFAULT_PX, MOST_PX, frame_png
from agent.web.api.asked import LARGEST_ID, Number
from agent.web.errors import Denied
from agent.web.guard import Viewer
from agent.web.pages.failures import PageRoute
from agent.web.pages.site import SiteOf
from agent.web.parts import PartsOf

if TYPE_CHECKING:
    import pathlib

router = APIRouter(route_class=PageRoute, include_in_schema=False)
# the report is our own, with its style inside; it may run nothing and reach nothing
REPORT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
DAY_S = 86400


@router.get("/experiments/{id}/frames/{visit}/{index}.png")
async def frame(
    site: SiteOf,
    parts: PartsOf,
    who: Viewer,
    id: Number,
    visit: Number,
    index: Annotated[int, Path(ge=0, le=LARGEST_ID)],
    px: Annotated[int, Query(ge=16, le=MOST_PX)] = DEFAULT_PX,
) -> Response:
    """A stored frame; it never changes."""
    run_dir = await parts.doors.look.run(_run_dir, site, id)
    png = None
    if run_dir is not None:
        png = await parts.doors.draw.run(frame_png, run_dir, visit, index, max_px=px)
    if png is None:
        raise Denied(404, "not_found", f"no frame {index} of visit {visit}", "look at the timeline")
    headers = {"cache-control": f"private, max-age={DAY_S}, immutable"}
    return Response(png, media_type="image/png", headers=headers)


@router.get("/experiments/{id}/report")
async def report(site: SiteOf, parts: PartsOf, who: Viewer, id: Number) -> Response:
    """The report, shown and not saved."""
    run_dir = await parts.doors.look.run(_run_dir, site, id)
    path = None if run_dir is None else RunDir(run_dir).report
    if path is None or not await parts.doors.look.run(path.is_file):
        remedy = "It is written at the end of the run."
        raise Denied(404, "not_found", f"experiment {id} has no report yet", remedy)
    return FileResponse(
        path,
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": REPORT_POLICY},
    )


def _run_dir(site: SiteOf, id_: int) -> pathlib.Path | None:
    """Found once a second for all: a page full of pictures asks for it thirty times."""
    return site.glances.at(("run_dir", id_), lambda: site.service.run_dir(id_))
