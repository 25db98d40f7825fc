"""`microscout`: the commands and their options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import mcp, serve, service, token

app = typer.Typer(
    name="microscout",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Runs a microscope through the night: images, looks, decides, acts, inside hard limits.",
    epilog="Start with: microscout new my_experiment",
)
bench = typer.Typer(no_args_is_help=True, help="Measure: every figure in the docs comes from here.")
bricks = typer.Typer(no_args_is_help=True, help="Training material for the judge.")
app.add_typer(bench, name="bench")
serve.register(app)
service.register(app)
mcp.register(app)
token.register(app)
app.add_typer(bricks, name="bricks")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"microscout {version('microscout')}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit."),
    ] = False,
) -> None:
    """Options that belong to no command; without one, the help."""
    if context.invoked_subcommand is None:
        print(context.get_help())


PlanArg = Annotated[str, typer.Argument(metavar="PLAN", help="A plan: YAML file or shipped name.")]
SaidArg = Annotated[
    str, typer.Argument(metavar="PLAN", help="YAML file, shipped name, or what you want in words.")
]
RunArg = Annotated[Path, typer.Argument(metavar="RUN", help="A run's directory.")]
OutOpt = Annotated[
    Path | None, typer.Option("--out", help="Run directory to create (default: runs/NAME-TIME).")
]
JsonOpt = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]
MicroscopeOpt = Annotated[
    str | None,
    typer.Option("--microscope", "-m", help="Microscope: shipped name (demo) or YAML file."),
]
WithOpt = Annotated[str, typer.Option("--with", help="Who looks: mllm or classical.")]
PixelOpt = Annotated[
    float | None,
    typer.Option("--pixel-size", metavar="UM", help="um per pixel, where the file does not say."),
]
WeightsOpt = Annotated[
    Path | None, typer.Option("--weights", metavar="DIR", help="Weights instead of the shipped.")
]
ForceOpt = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


@app.command(epilog="Example: microscout rehearse mitosis_watch --seed 7")
def rehearse(
    plan: SaidArg,
    scenario: Annotated[
        str | None, typer.Option(help="Simulated specimen: shipped name or YAML file.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another specimen of the same kind.")] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="Another judge than the plan's: mllm or classical, with its defaults."),
    ] = None,
    microscope: MicroscopeOpt = None,
    out: OutOpt = None,
    json: JsonOpt = False,
) -> None:
    """Run a plan on the simulated microscope: what would it catch, what would it cost?"""
    from agent.commands.rehearse import rehearse as command

    raise typer.Exit(command(plan, scenario, seed, microscope, out, judge=judge, json=json))


@app.command(epilog='Example: microscout plan "P1 to P3 in GFP every 5 min for 12 h" -o plan.yaml')
def plan(
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help="What you want, in your own words.")
    ] = "",
    microscope: Annotated[
        str, typer.Option("--microscope", "-m", help="Microscope: shipped name or YAML file.")
    ] = "demo",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="YAML", help="New file for the plan.")
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="SLOT=WORDS", help="Answer to a question (repeatable)."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(help="Go on with a conversation that was left open.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Chat model, such as openai:gpt-5-mini. Left out: the embedded planner."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Server that speaks the model's API.")
    ] = None,
    memory: Annotated[
        Path | None, typer.Option("--memory", metavar="DIR", help="What was learned, elsewhere.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Confirm the plan without being asked.")
    ] = False,
    json: JsonOpt = False,
) -> None:
    """Make a plan from plain words: shows what each value rests on, asks, or refuses."""
    from agent.commands.plan import Wanted, answers_of
    from agent.commands.plan import plan as command

    wanted = Wanted(microscope, model, base_url, answers_of(answer or ()), yes, memory)
    raise typer.Exit(command(words, wanted, out, resume, json=json))


@app.command(epilog="Example: microscout learn our_protocol.pdf runs/last_night")
def learn(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Protocols (md, txt, html, pdf) or runs' folders."),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="What has been learned.")] = False,
    forget: Annotated[
        list[str] | None, typer.Option("--forget", metavar="NAME", help="Forget a document.")
    ] = None,
    memory: Annotated[
        Path | None, typer.Option("--memory", metavar="DIR", help="Where to keep it.")
    ] = None,
    json: JsonOpt = False,
) -> None:
    """Take in protocols and past runs, so that instructions can refer to them."""
    from agent.commands.learn import learn as command

    code = command(files or (), listing=listing, forget=forget or (), memory=memory, json=json)
    raise typer.Exit(code)


@app.command(epilog="Example: microscout run plan.yaml --microscope demo")
def run(
    plan: SaidArg,
    microscope: MicroscopeOpt = None,
    out: OutOpt = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="A plan made of words needs no confirmation.")
    ] = False,
    json: JsonOpt = False,
) -> None:
    """Run a plan on a real microscope. Ctrl-C ends it in order, twice ends it at once."""
    from agent.commands.run import run as command

    raise typer.Exit(command(plan, microscope, out, json=json, yes=yes))


@app.command(epilog="Example: microscout replay replay_fields --images my_images --pixel-size 0.65")
def replay(
    plan: PlanArg,
    images: Annotated[Path, typer.Option(help="Folder or file: PNG, TIFF, OME-TIFF, OME-Zarr.")],
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", help="um per pixel, where the files do not say.")
    ] = None,
    select: Annotated[str | None, typer.Option(help="Only files matching this pattern.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many fields.", min=1)] = None,
    interval: Annotated[
        float, typer.Option(help="Seconds between the images of a series.", min=0.001)
    ] = 300.0,
    microscope: MicroscopeOpt = None,
    out: OutOpt = None,
    json: JsonOpt = False,
) -> None:
    """Run the same loop over recorded images instead of a microscope."""
    from agent.commands.replay import Recording
    from agent.commands.replay import replay as command

    recording = Recording(images, pixel_size, select, limit, interval)
    raise typer.Exit(command(plan, recording, microscope, out, json=json))


@app.command(epilog="Example: microscout check plan.yaml --microscope microscope.yaml")
def check(plan: PlanArg, microscope: MicroscopeOpt = None, json: JsonOpt = False) -> None:
    """Find what is wrong with a plan before anything moves; `run` refuses on the same findings."""
    from agent.commands.check import check as command

    raise typer.Exit(command(plan, microscope, json=json))


@app.command(epilog="Example: microscout report runs/mitosis_watch-20260101-200000")
def report(run: RunArg) -> None:
    """Write a run's report again (one HTML file)."""
    from agent.commands.report import report as command

    raise typer.Exit(command(run))


@app.command(epilog="Example: microscout new my_experiment --template watch")
def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to create.")],
    template: Annotated[
        str, typer.Option("--template", "-t", help="watch, timelapse or replay.")
    ] = "watch",
) -> None:
    """Write a commented plan and a microscope file to edit."""
    from agent.commands.new import new as command

    raise typer.Exit(command(directory, template))


@app.command(
    epilog='Example: microscout judge field.tif --ask "cell in mitosis" --overlay seen.png'
)
def judge(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="PNG, TIFF, OME-TIFF or JPEG.")
    ],
    ask: Annotated[str, typer.Option("--ask", help="What to look for, in words.")] = "mitosis",
    explain: Annotated[bool, typer.Option("--explain", help="A sentence on what is seen.")] = False,
    overlay: Annotated[
        Path | None,
        typer.Option("--overlay", metavar="PNG", help="Draw what was found (one per image)."),
    ] = None,
    pixel_size: PixelOpt = None,
    adapter: Annotated[
        Path | None, typer.Option("--adapter", metavar="DIR", help="What `adapt` has written.")
    ] = None,
    weights: WeightsOpt = None,
    kind: WithOpt = "mllm",
    force: ForceOpt = False,
    json: JsonOpt = False,
) -> None:
    """Ask the judge about single images: focus, flags, objects, and what you ask for."""
    from agent.commands.judge import Question
    from agent.commands.judge import judge as command

    question = Question(ask, kind, pixel_size, weights, adapter, explain)
    raise typer.Exit(command(images, question, overlay, force=force, json=json))


@app.command(epilog="Example: microscout segment field.tif -o labels.tif")
def segment(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="PNG, TIFF, OME-TIFF or JPEG.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Label image (TIFF) to write.")],
    kind: Annotated[
        str, typer.Option("--with", help="mllm, classical, or installed: cellpose, stardist.")
    ] = "mllm",
    ask: Annotated[
        str | None, typer.Option("--ask", help="Keep only objects that look like this.")
    ] = None,
    pixel_size: PixelOpt = None,
    weights: WeightsOpt = None,
    force: ForceOpt = False,
    json: JsonOpt = False,
) -> None:
    """Write every object of an image as a label image (0 is background)."""
    from agent.commands.segment import segment as command

    raise typer.Exit(command(image, out, kind, ask, pixel_size, weights, force=force, json=json))


@app.command(epilog="Example: microscout adapt my_examples --target rosette --out rosette_adapter")
def adapt(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of labelled examples.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Adapter folder to create.")],
    target: Annotated[str, typer.Option("--target", help="What the examples show, in words.")],
    weights: WeightsOpt = None,
    seed: Annotated[int, typer.Option(help="Of the training.")] = 0,
    notes: Annotated[str, typer.Option(help="Kept with the adapter, for people.")] = "",
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Only remember the examples; no training.")
    ] = False,
    json: JsonOpt = False,
) -> None:
    """Teach the judge something new from a few examples."""
    from agent.commands.adapt import adapt as command

    code = command(
        data, out, target, weights, seed, json=json, notes=notes, retrieval_only=retrieval_only
    )
    raise typer.Exit(code)


@app.command(epilog="Example: microscout train judge --out my_judge")
def train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="YAML file or shipped name.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to train in, instead of the file's.")
    ] = None,
) -> None:
    """Train the judge's model from bricks; goes on where it was interrupted."""
    from agent.commands.train import train as command

    raise typer.Exit(command(config, out))


@bricks.command("build", epilog="Example: microscout bricks build judge --data my_data")
def bricks_build(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="YAML file or shipped name.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the image sets, instead of the file's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="New folder to write, instead of the file's.")
    ] = None,
    json: JsonOpt = False,
) -> None:
    """Gather labelled pictures, and questions with answers about them, as training material."""
    from agent.commands.bricks import build as command

    raise typer.Exit(command(config, data, out, json=json))


@app.command(epilog="Example: microscout schema > plan.schema.json")
def schema(
    what: Annotated[str, typer.Argument(help="plan or microscope.")] = "plan",
) -> None:
    """Print the JSON Schema of a plan or a microscope file, for editors."""
    from agent.commands.schema import schema as command

    raise typer.Exit(command(what))


@app.command(epilog="Example: microscout export plan.yaml --out plan.useq.yaml")
def export(
    plan: PlanArg,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New file to write (default: print it).")
    ] = None,
) -> None:
    """Give out a plan's baseline as a plain useq MDASequence, for other programs."""
    from agent.commands.export import export as command

    raise typer.Exit(command(plan, out))


@app.command(epilog="Example: microscout doctor --json")
def doctor(json: JsonOpt = False) -> None:
    """Look at this computer: what is installed, what is missing, how to get it."""
    from agent.commands.doctor import doctor as command

    raise typer.Exit(command(json=json))


@bench.command("loop", epilog="Example: microscout bench loop --visits 100 --json")
def bench_loop(
    visits: Annotated[int, typer.Option(help="Visits per measurement.", min=1)] = 60,
    repeats: Annotated[int, typer.Option(help="Pairs of measurements.", min=1)] = 5,
    json: JsonOpt = False,
) -> None:
    """The full loop against a bare MDARunner, same events, same store, in one run."""
    from agent.bench.loop import bench_loop as command

    raise typer.Exit(command(visits, repeats, json=json))


@bench.command("soak", epilog="Example: microscout bench soak --visits 50000")
def bench_soak(
    visits: Annotated[int, typer.Option(help="Visits in one run.", min=100)] = 50_000,
    json: JsonOpt = False,
) -> None:
    """Memory over a long run."""
    from agent.bench.soak import bench_soak as command

    raise typer.Exit(command(visits, json=json))


@bench.command("service", epilog="Example: microscout bench service --days 3 --json")
def bench_service(
    days: Annotated[float, typer.Option(help="Simulated days.", min=0.01)] = 3.0,
    positions: Annotated[int, typer.Option(help="Fields of view.", min=1)] = 24,
    pairs: Annotated[int, typer.Option(help="With and without ten viewers.", min=1)] = 5,
    json: JsonOpt = False,
) -> None:
    """Days of a service with clients and faults: nothing lost, no growth, viewers cost nothing."""
    from agent.bench.service_soak import bench_service as command

    raise typer.Exit(command(days, positions, pairs, json=json))


@bench.command("page", epilog="Example: microscout bench page results")
def bench_page(
    results: Annotated[Path, typer.Argument(help="Folder with the benches' --json output.")],
    page: Annotated[Path, typer.Option(help="Page to rewrite.")] = Path("docs/benchmarks.md"),
) -> None:
    """Put saved results into the documentation."""
    from agent.bench.page import bench_page as command

    raise typer.Exit(command(results, page))


@bench.command("judge", epilog="Example: microscout bench judge --data my_data --json")
def bench_judge(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of labelled image sets.")
    ] = None,
    parts: Annotated[
        list[str] | None, typer.Option("--part", help="Only these parts (may be repeated).")
    ] = None,
    weights: WeightsOpt = None,
    share: Annotated[
        float, typer.Option(help="Of the usual number of pictures.", min=0.001, max=1.0)
    ] = 1.0,
    json: JsonOpt = False,
) -> None:
    """How good the judge is: on simulated and on real pictures it was not trained on."""
    from agent.bench.judge import bench_judge as command

    raise typer.Exit(command(data, parts or [], weights, json=json, share=share))


@bench.command("plan", epilog="Example: microscout bench plan instructions.jsonl --json")
def bench_plan(
    instructions: Annotated[
        Path, typer.Argument(metavar="FILE", help="Instructions and what to expect, JSON Lines.")
    ],
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what is not right.")] = False,
    json: JsonOpt = False,
) -> None:
    """How often the embedded planner understands what people ask for."""
    from agent.bench.plan import bench_plan as command

    raise typer.Exit(command(instructions, json=json, verbose=verbose))


@bench.command("readers", epilog="Example: microscout bench readers dev.jsonl dev2.jsonl --json")
def bench_readers(
    train: Annotated[Path, typer.Argument(help="Instructions to learn from, JSON Lines.")],
    test: Annotated[Path, typer.Argument(help="Instructions to compare on, JSON Lines.")],
    json: JsonOpt = False,
) -> None:
    """Rules, a sentence encoder, both, and a small language model as readers of instructions."""
    from agent.bench.readers import bench_readers as command

    raise typer.Exit(command(train, test, json=json))


@bench.command("memory", epilog="Example: microscout bench memory --json")
def bench_memory(
    questions: Annotated[
        Path | None, typer.Option(help="Questions with their documents, JSON Lines.")
    ] = None,
    protocols: Annotated[Path | None, typer.Option(help="Folder of documents.")] = None,
    json: JsonOpt = False,
) -> None:
    """Whether the right document is found first."""
    from agent.bench.memory import bench_memory as command

    raise typer.Exit(command(questions, protocols, json=json))


@bench.command("estimates", epilog="Example: microscout bench estimates --plans 30")
def bench_estimates(
    plans: Annotated[int, typer.Option(help="Random plans.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Of the plans.")] = 0,
    json: JsonOpt = False,
) -> None:
    """What `check` foretells against what a rehearsed run takes."""
    from agent.bench.estimates import bench_estimates as command

    raise typer.Exit(command(plans, seed, json=json))


@bench.command("deadman", epilog="Example: microscout bench deadman --times 50 --json")
def bench_deadman(
    times: Annotated[int, typer.Option(help="Trials of each kind.", min=1)] = 50,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
    json: JsonOpt = False,
) -> None:
    """Kill and hang a process that has a lamp on; when is the lamp off?"""
    from agent.bench.deadman import bench_deadman as command

    raise typer.Exit(command(times, seed, json=json))


@bench.command("faults", epilog="Example: microscout bench faults --only stage --json")
def bench_faults(
    only: Annotated[
        str | None, typer.Option(help="Names of faults, or how they begin, with commas.")
    ] = None,
    at_once: Annotated[int, typer.Option(help="Runs at the same time.", min=1)] = 6,
    json: JsonOpt = False,
) -> None:
    """Everything that can go wrong, in each state of a run: what becomes of the run?"""
    from agent.bench.faults import bench_faults as command

    raise typer.Exit(command(only, at_once, json=json))


@bench.command("crash", epilog="Example: microscout bench crash --kills 30")
def bench_crash(
    plan: Annotated[str, typer.Option(help="Plan to rehearse.")] = "mitosis_watch",
    kills: Annotated[int, typer.Option(help="Random moments to kill at.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
    json: JsonOpt = False,
) -> None:
    """kill -9 a rehearsal at random moments, resume it, compare it with one left alone."""
    from agent.bench.crash import bench_crash as command

    raise typer.Exit(command(plan, kills, seed, json=json))


def main() -> None:
    """Console script.

    What is wrong with the input or the world is one line per fault on stderr; exit code 2 before
    a run began, 1 after, 130 when it was interrupted. A traceback is a fault of this program.
    """
    import logging

    from agent.commands.interrupt import EXIT_INTERRUPTED, Interrupted, interruptible
    from agent.finding import ConfigError

    logging.raiseExceptions = False  # a library's log file on a full disk is nobody's concern
    interruptible()
    try:
        app(prog_name="microscout")
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except Interrupted as why:
        print(f"ended: {why}", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        from agent.cli.faults import exit_code, in_one_line

        line = in_one_line(error)
        if line is None:
            raise
        print(line, file=sys.stderr)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
