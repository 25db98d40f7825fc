"""`microscout tell` for an experiment of the service: a change in words, shown, then confirmed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agent.client import show
from agent.client.address import find
from agent.client.commanding import which
from agent.client.http import Client
from agent.finding import ConfigError, Finding, Level, config_error
from agent.service.views import ChangeView

if TYPE_CHECKING:
    from agent.client.address import Wanted

EXIT_NOT_CONFIRMED = 1


def tell(
    id_: int | None, words: str | None, wanted: Wanted, *, undo: bool, yes: bool, json: bool
) -> int:
    """Exit code 0 when it is confirmed, 1 when it is not; what is refused is a ConfigError."""
    if bool(words and words.strip()) == undo:
        remedy = "give the change in words, or --undo: one of them"
        raise config_error("tell", "what is to be told?", remedy)
    with Client(find(wanted)) as client:
        where = f"/experiments/{which(client, id_)}/changes"
        if undo:
            view = client.post(f"{where}/undo", ChangeView)
        else:
            view = client.post(where, ChangeView, {"words": words})
        if view.state == "refused":
            raise _refused(view)
        if not json:
            print("\n".join(show.change(view)))
        confirmed = False
        try:
            confirmed = yes or _confirmed(ask=not json)
        finally:
            if not confirmed:  # or Ctrl-C: it must not wait for somebody else's yes
                client.post(f"{where}/{view.id}/refuse", ChangeView)
        if not confirmed:
            print("nothing is changed", file=sys.stderr)
            return EXIT_NOT_CONFIRMED
        view = client.post(f"{where}/{view.id}/confirm", ChangeView)
    said = f"change {view.id} is {view.state}: in force before the next visit"
    print(view.model_dump_json() if json else said)
    return 0


def history(id_: int | None, wanted: Wanted, *, json: bool) -> int:
    """What was changed, and by whom."""
    with Client(find(wanted)) as client:
        rows = client.get(f"/experiments/{which(client, id_)}/changes", list)
    if json:
        import json as jsonlib

        print(jsonlib.dumps(rows))
        return 0
    for row in rows:
        print("\n".join(show.change(ChangeView.model_validate(row))))
    if not rows:
        print("no change was asked for")
    return 0


def _refused(view: ChangeView) -> ConfigError:
    findings = [
        Finding("tell", "", Level.ERROR, f"{no.what} ({no.limit})", no.remedy)
        for no in view.refusals
    ]
    findings += [
        Finding("tell", "", Level.ERROR, show.question(one), "say which") for one in view.questions
    ]
    if not findings:
        findings = [Finding("tell", "", Level.ERROR, view.why or "refused", "say it another way")]
    return ConfigError(findings)


def _confirmed(*, ask: bool) -> bool:
    if not ask or not sys.stdin.isatty():
        message = "not confirmed: nobody was there to ask"
        raise config_error("tell", message, "look at it, then give --yes")
    import typer

    return typer.confirm("Change the plan like this?", default=False)
