"""READ: how everything stands. Reads the journal and the image store, never the instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.mcp import asked
from agent.mcp.kinds import Kind
from agent.mcp.tool import Found, Picture, Tool
from agent.mcp.views import (
    AsksView,
    ChangesView,
    ChannelLimits,
    CommandsView,
    ExperimentsView,
    FramesView,
    LimitsView,
    PictureView,
    PlanView,
    Refused,
    RequestsView,
    TimelineView,
)
from agent.mcp.which import of_any, run_of
from agent.service.views import HealthView, RefusalView, RunView, StatusView

if TYPE_CHECKING:
    from pathlib import Path

    from agent.mcp.tool import Asker, Work

MOST_PNG_BYTES = 700_000


async def status(work: Work, _: asked.Nothing, who: Asker) -> Found:
    """Everything at a glance."""
    return await work.doors.look.run(work.service.status)


async def health(work: Work, _: asked.Nothing, who: Asker) -> Found:
    """What is wrong."""
    return await work.doors.look.run(work.service.health)


async def experiments(work: Work, ask: asked.Listed, who: Asker) -> Found:
    """The queue."""
    look = work.service.experiments
    found = await work.doors.look.run(look, over=ask.over, limit=ask.limit)
    return ExperimentsView(experiments=tuple(found))


async def run(work: Work, ask: asked.OfOne, who: Asker) -> Found:
    """How a run stands."""
    id_ = await of_any(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    return await work.doors.look.run(work.service.run, id_)


async def plan(work: Work, ask: asked.OfOne, who: Asker) -> Found:
    """The plan in force."""
    id_ = await of_any(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    words = await work.doors.look.run(work.service.plan_in_words, id_)
    text = await work.doors.look.run(work.service.plan_yaml, id_)
    return PlanView(words=tuple(words), yaml=text)


async def timeline(work: Work, ask: asked.When, who: Asker) -> Found:
    """What happened."""
    found = await run_of(work, ask.experiment)
    if isinstance(found, RefusalView | Refused):
        return found
    return await work.doors.look.run(_timeline, found, ask)


def _timeline(run_dir: Path, ask: asked.When) -> TimelineView:
    from agent.view.timeline import EVENT_KINDS
    from agent.view.timeline import timeline as read

    page = read(
        run_dir,
        before=ask.before,
        kinds=ask.kinds or EVENT_KINDS,
        quiet=ask.everything,
        limit=ask.limit,
    )
    return TimelineView(events=page.events, older=page.older)


async def frames(work: Work, ask: asked.Stored, who: Asker) -> Found:
    """Which frames there are."""
    from agent.web.frames import frames as read

    found = await run_of(work, ask.experiment)
    if isinstance(found, RefusalView | Refused):
        return found
    rows = await work.doors.look.run(read, found, before=ask.before_visit, limit=ask.limit)
    return FramesView(frames=tuple(rows))


async def picture(work: Work, ask: asked.OneFrame, who: Asker) -> Found:
    """A frame as an image of bounded size."""
    found = await run_of(work, ask.experiment)
    if isinstance(found, RefusalView | Refused):
        return found
    drawn = await work.doors.draw.run(_png, found, ask.visit, ask.index, ask.max_px)
    if drawn is None:
        what = f"frame {ask.index} of visit {ask.visit}"
        return Refused(rule="frame", what=what, limit="it is not stored", remedy="List the frames.")
    png, max_px = drawn
    view = PictureView(visit=ask.visit, index=ask.index, max_px=max_px, bytes=len(png))
    return Picture(view, png)


def _png(run_dir: Path, visit: int, index: int, max_px: int) -> tuple[bytes, int] | None:
    from agent.view.picture import frame_png

    png = frame_png(run_dir, visit, index, max_px=max_px)
    while png is not None and len(png) > MOST_PNG_BYTES and max_px > 32:
        max_px //= 2
        png = frame_png(run_dir, visit, index, max_px=max_px)
    return None if png is None else (png, max_px)


async def questions(work: Work, ask: asked.Open, who: Asker) -> Found:
    """What the run asks people."""
    id_ = await of_any(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    found = await work.doors.look.run(work.service.asks, id_, open_only=ask.open_only)
    return AsksView(questions=tuple(found))


async def changes(work: Work, ask: asked.OfOne, who: Asker) -> Found:
    """Changes of the plan."""
    id_ = await of_any(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    return ChangesView(changes=tuple(await work.doors.look.run(work.service.changes, id_)))


async def commands(work: Work, ask: asked.OfOne, who: Asker) -> Found:
    """Live commands."""
    id_ = await of_any(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    return CommandsView(commands=tuple(await work.doors.look.run(work.service.commands, id_)))


async def requests(work: Work, _: asked.Nothing, who: Asker) -> Found:
    """What waits for a person."""
    return RequestsView(requests=work.approvals.all())


async def limits(work: Work, _: asked.Nothing, who: Asker) -> Found:
    """What the gate lets through."""
    return await work.doors.look.run(_limits, work)


def _limits(work: Work) -> LimitsView:
    from agent.load import load_microscope

    config = load_microscope(work.service.status().microscope).config
    stage = config.stage
    return LimitsView(
        microscope=config.name,
        x_um=stage.x_um,
        y_um=stage.y_um,
        z_um=stage.z_um,
        max_step_toward_sample_um=stage.max_step_toward_sample_um,
        max_moves_per_s=stage.max_moves_per_s,
        may_change_objective=config.objectives.allow_change,
        objectives=tuple(config.objectives.items),
        channels=tuple(
            ChannelLimits(
                name=name,
                max_exposure_ms=channel.max_exposure_ms,
                usual_exposure_ms=channel.exposure_ms,
                light_measured=channel.irradiance_w_cm2 is not None,
            )
            for name, channel in config.channels.items()
        ),
    )


READ = Kind.READ
TOOLS = (
    Tool("status", READ, "everything at a glance.", asked.Nothing, StatusView, status),
    Tool("health", READ, "what is wrong with the service.", asked.Nothing, HealthView, health),
    Tool(
        "experiments",
        READ,
        "the queue and what is over, latest first.",
        asked.Listed,
        ExperimentsView,
        experiments,
    ),
    Tool("run", READ, "how an experiment's run stands.", asked.OfOne, RunView, run),
    Tool("plan", READ, "an experiment's plan as it is in force.", asked.OfOne, PlanView, plan),
    Tool(
        "timeline",
        READ,
        "decisions, errors, refusals, notes of a run, latest first.",
        asked.When,
        TimelineView,
        timeline,
    ),
    Tool("frames", READ, "stored frames of a run, latest first.", asked.Stored, FramesView, frames),
    Tool(
        "picture",
        READ,
        "a stored frame as a small image, for looking at, not for measuring.",
        asked.OneFrame,
        PictureView,
        picture,
    ),
    Tool(
        "questions",
        READ,
        "what a run asks people; only people answer.",
        asked.Open,
        AsksView,
        questions,
    ),
    Tool("changes", READ, "changes of a running plan.", asked.OfOne, ChangesView, changes),
    Tool(
        "commands",
        READ,
        "live commands and what became of them.",
        asked.OfOne,
        CommandsView,
        commands,
    ),
    Tool(
        "requests",
        READ,
        "what waits, or waited, for a person's approval.",
        asked.Nothing,
        RequestsView,
        requests,
    ),
    Tool(
        "limits",
        READ,
        "the limits of this microscope; they cannot be changed here.",
        asked.Nothing,
        LimitsView,
        limits,
    ),
)
