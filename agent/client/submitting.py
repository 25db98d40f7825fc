"""`microscout submit`: words or a plan's file become an experiment of the service."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.client.address import find
from agent.client.http import Client
from agent.client.show import experiment, proposal, question
from agent.client.when import moment
from agent.finding import ConfigError, Finding, Level, config_error
from agent.service.views import ExperimentView, ProposalView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.client.address import Wanted

EXIT_NOT_CONFIRMED = 1
EXIT_QUESTIONS = 3
PLAN_FILES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Submission:
    """What the command line says. `answers`: slot -> words, given beforehand."""

    said: str
    name: str | None = None
    at: str | None = None
    after: int | None = None
    answers: Mapping[str, str] | None = None
    yes: bool = False


def submit(what: Submission, wanted: Wanted, *, json: bool) -> int:
    """Exit code 0 when it is in the queue (or the words were a question, which is answered), 1 when
    nobody confirmed it, 2 when it is refused, 3 when questions are left open.
    """
    start = None if what.at is None else moment(what.at, dt.datetime.now().astimezone())
    text = _plan_text(what.said)
    if not what.said.strip():
        raise config_error("submit", "no words and no plan", 'microscout submit "film ..."')
    ask = not json and sys.stdin.isatty()
    with Client(find(wanted)) as client:
        if text is not None:
            made = client.post("/proposals/yaml", ProposalView, {"yaml": text})
        else:
            made = client.post("/proposals", ProposalView, {"words": what.said})
        made = _answered(client, made, dict(what.answers or {}), ask=ask)
        if made.outcome != "plan":
            return _no_plan(made, json=json)
        if not json:
            print("\n".join(proposal(made)))
        if not what.yes and not _confirmed(ask=ask):
            print("not submitted", file=sys.stderr)
            return EXIT_NOT_CONFIRMED
        wish: dict[str, Any] = {"thread": made.thread, "name": what.name, "after": what.after}
        wish["start_utc"] = None if start is None else start.isoformat()
        view = client.post("/experiments", ExperimentView, wish)
    print(view.model_dump_json() if json else experiment(view))
    return 0


def _plan_text(said: str) -> str | None:
    """A file's text; None for words."""
    path = Path(said)
    if path.suffix.lower() not in PLAN_FILES:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        remedy = "name a plan's file, or say it in words"
        raise config_error(said, f"cannot be read ({error.strerror})", remedy) from None
    except UnicodeDecodeError:
        raise config_error(said, "is no text in UTF-8", "name a plan's file") from None


def _answered(
    client: Client, made: ProposalView, given: dict[str, str], *, ask: bool
) -> ProposalView:
    """Answers given beforehand, then those of the person at the terminal."""
    while made.outcome == "ask":
        answers = {q.slot: given.pop(q.slot) for q in made.questions if q.slot in given}
        if not answers and ask:
            first = made.questions[0]
            print(question(first), file=sys.stderr)
            line = input("> ").strip() or (first.proposed or "")
            if not line:
                break
            answers = {first.slot: line}
        if not answers:
            break
        made = client.post(f"/proposals/{made.thread}/answers", ProposalView, {"answers": answers})
    if given and made.outcome in ("ask", "plan"):
        asked_for = ", ".join(q.slot for q in made.questions) or "nothing"
        message = f"nothing is asked about {', '.join(given)}"
        raise config_error("--answer", message, f"asked about: {asked_for}")
    return made


def _no_plan(made: ProposalView, *, json: bool) -> int:
    if json:
        print(made.model_dump_json())
    elif made.outcome == "answer":
        print(made.answer)
    elif made.outcome == "ask":
        for one in made.questions:
            print(f"question ({one.slot}): {question(one)}", file=sys.stderr)
        print("answer with --answer SLOT=WORDS", file=sys.stderr)
    if made.outcome == "answer":
        return 0
    if made.outcome == "ask":
        return EXIT_QUESTIONS
    raise ConfigError(
        Finding("refused", "", Level.ERROR, f"{no.what} ({no.limit})", no.remedy)
        for no in made.refusals
    )


def _confirmed(*, ask: bool) -> bool:
    if not ask:
        message = "not submitted: nobody was there to confirm it"
        raise config_error("submit", message, "look at it, then give --yes")
    import typer

    return typer.confirm("Put it into the queue?", default=False)
