"""`microscout serve` and what belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOpt = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The service's folder (or MICROSCOUT_HOME)."),
]


def serve(
    microscope: Annotated[
        str | None,
        typer.Option("--microscope", "-m", help="Microscope: shipped name (demo) or YAML file."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="YAML", help="The service's settings.")
    ] = None,
    home: HomeOpt = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="A simulated microscope; no instrument is touched.")
    ] = False,
    scenario: Annotated[
        str | None, typer.Option(help="Simulated specimen: shipped name or YAML file.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another specimen of the same kind.")] = None,
    pace: Annotated[
        float | None, typer.Option(help="Simulated seconds in a real one (60).")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; others than 127.0.0.1 need TLS.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8765; 0: any).")] = None,
) -> None:
    """Serve one microscope: queue, page, HTTP, messages. Ctrl-C ends it in order."""
    from agent.commands.serve import serve as command

    raise typer.Exit(
        command(
            microscope,
            config_file=config,
            home=home,
            simulated=simulated,
            scenario=scenario,
            seed=seed,
            pace=pace,
            host=host,
            port=port,
        )
    )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: microscout serve --simulated --pace 120")(serve)
