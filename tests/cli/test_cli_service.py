"""The commands that talk to a running service, over real HTTP to the stand-in.

One server for all of them, which costs a second; each test puts a stand-in of its own behind it.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "service"), str(TESTS / "web" / "api")]
from api_kit import GENEROUS, House, build  # noqa: E402
from cli_kit import Done, command, environment, here, one_line_each  # noqa: E402
from server_kit import certificate, served, until  # noqa: E402
from service_kit import finished_run, standin  # noqa: E402
from short_run import PLAN  # noqa: E402
from standin import CURRENT, NEXT, PAST, StandIn  # noqa: E402

from agent.cli.main import main  # noqa: E402
from agent.client.address import Wanted, find  # noqa: E402
from agent.client.when import moment  # noqa: E402
from agent.finding import ConfigError  # noqa: E402
from agent.service.states import ExperimentState  # noqa: E402
from agent.service.views import CommandView  # noqa: E402
from agent.web.settings import WebConfig  # noqa: E402
from agent.web.tokens import Role  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["finished_run", "standin"]
SERVICE_VARIABLES = ("MICROSCOUT_URL", "MICROSCOUT_TOKEN", "MICROSCOUT_HOME")


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service of this computer's user is ever asked."""
    for name in SERVICE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MICROSCOUT_HOME", str(tmp_path / "empty"))


class Behind:
    """The service of the shared server: whichever stand-in is behind it now."""

    def __init__(self) -> None:
        self.now: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    behind: Any = Behind()
    made = build(tmp_path_factory.mktemp("home"), behind, WebConfig(port=0, limits=GENEROUS))
    with served(made) as (_, url):
        (made.home / "service.json").write_text(json.dumps({"url": url, "pid": 1}))
        yield made


@pytest.fixture
def house(
    server: House, tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> House:
    """A fresh stand-in that is served; its home is the environment's, and the test's own."""
    shutil.copytree(server.home, tmp_path / "home")
    monkeypatch.setenv("MICROSCOUT_HOME", str(tmp_path / "home"))
    behind: Any = server.service
    behind.now = standin
    return dataclasses.replace(server, home=tmp_path / "home", service=standin)


def line_of(done: Done, code: int = 2) -> str:
    """The one line that it ended with."""
    assert done.code == code, (done.out, done.err)
    (line,) = one_line_each(done.err)
    return line


def state(house: House, id_: int = CURRENT) -> ExperimentState:
    return house.service.experiments_[id_].state


# ---------------------------------------------------------------------- looking


def test_status(house: House) -> None:
    done = here("status")
    assert done.code == 0
    assert done.out.startswith("Stand-in, running")
    for part in ("question 1: give up", "34 delivered", "experiment 3", "after experiment 2"):
        assert part in done.out
    assert here("status", "--json").last["current"]["id"] == CURRENT


def test_what_others_wrote_cannot_move_the_cursor(house: House) -> None:
    one = house.service.experiments_[CURRENT]
    nasty = one.model_copy(update={"name": "\x1b[2J\x1b[31mred\r\nnew line\u202e"})
    house.service.experiments_[CURRENT] = nasty
    out = here("status").out
    assert all(c.isprintable() or c == "\n" for c in out)


def test_watch_follows_and_ends_when_all_is_over(house: House, folder: Path) -> None:
    """Each thing is waited for on its output, as a person would."""
    out = folder / "out.txt"

    def said(what: str) -> None:
        until(lambda: what in out.read_text(encoding="utf-8"))

    with out.open("wb") as file:
        arguments = command("watch", "--until-done")
        watching = subprocess.Popen(arguments, env=environment(), stdout=file, stderr=file)
    try:
        said("Stand-in, running")
        house.service.problems = ("the disk is full",)
        house.service.hold("stage x is 12 um off")
        said("problem: the disk is full")
        said("difference: stage x is 12 um off")
        for id_ in (CURRENT, NEXT):
            house.service._becomes(id_, ExperimentState.STOPPED, "over")
        assert watching.wait(60) == 0, out.read_text(encoding="utf-8")
    finally:
        watching.kill()
        watching.wait()
    assert out.read_text(encoding="utf-8").splitlines()[-1].endswith("(tomorrow): stopped, over")


# ---------------------------------------------------------------------- submitting


def test_words_become_an_experiment(house: House) -> None:
    words = "film them"
    done = here("submit", words, "--yes", "--name", "night", "--after", NEXT, "--json")
    assert done.code == 0, done.err
    made = house.service.experiments_[done.last["id"]]
    assert (made.name, made.words, made.after, made.door) == ("night", words, NEXT, "terminal")
    assert "light" in here("submit", words, "--yes").out.lower()  # the plan is shown


def test_a_plans_file_becomes_an_experiment(house: House, folder: Path) -> None:
    (folder / "plan.yaml").write_text(json.dumps(PLAN))
    assert here("submit", "plan.yaml", "--yes").code == 0
    (folder / "plan.yaml").write_text("goal: [1")
    assert here("submit", "plan.yaml", "--yes").code == 2
    assert "cannot be read" in line_of(here("submit", "nosuch.yaml", "--yes"))


def test_a_start_time_is_local(house: House) -> None:
    done = here("submit", "film", "--yes", "--at", "2031-03-01 22:30", "--json")
    start = house.service.experiments_[done.last["id"]].start_utc
    assert start is not None
    assert f"{start.astimezone():%Y-%m-%d %H:%M}" == "2031-03-01 22:30"
    assert "is no time" in line_of(here("submit", "film", "--yes", "--at", "soon"))


def test_open_questions_are_left_or_answered(house: House) -> None:
    done = here("submit", "unclear", "--yes")
    assert done.code == 3
    assert "question (duration_s): For how long? [6 h | 12 h] (proposed: 12 h)" in done.err
    assert len(house.service.experiments_) == 3
    assert here("submit", "unclear", "--yes", "--answer", "duration_s=6 h").code == 0
    wrong = here("submit", "unclear", "--yes", "--answer", "colour=red")
    assert "nothing is asked about colour" in line_of(wrong)


def test_what_is_refused_is_one_line_and_nothing_is_submitted(house: House) -> None:
    assert "burn them" in line_of(here("submit", "burn them", "--yes"))
    assert "no words" in line_of(here("submit", " "))
    assert here("submit", "how bright is it").out.strip() == "DAPI and FITC, 20 ms each."
    assert "nobody was there" in line_of(here("submit", "film them"))
    assert len(house.service.experiments_) == 3


def test_a_person_is_asked_and_may_say_no(house: House) -> None:
    for said, experiments in (("6 h\nn\n", 3), ("6 h\ny\n", 4)):
        done = at_terminal(said, "submit", "unclear")
        assert done.code == (1 if experiments == 3 else 0), done.err
        assert len(house.service.experiments_) == experiments


# ---------------------------------------------------------------------- while it runs


def test_pause_and_resume(house: House) -> None:
    assert here("pause", "--why", "incubator").code == 0
    assert state(house) is ExperimentState.PAUSED
    assert here("resume", CURRENT).code == 0
    assert state(house) is ExperimentState.RUNNING
    assert "is not paused" in line_of(here("resume"))
    (command, *_) = house.service.commands_.values()
    assert (command.command["why"], command.door) == ("incubator", "terminal")


def test_resume_goes_on_with_what_is_held_and_says_the_differences(house: House) -> None:
    house.service.hold("stage x is 12 um off")
    done = here("resume")
    assert done.code == 0
    assert "difference: stage x is 12 um off" in done.err
    assert state(house) is ExperimentState.RUNNING


def test_stop(house: House) -> None:
    assert here("stop").code == 0
    assert state(house) is ExperimentState.STOPPED
    assert "no experiment runs now" in line_of(here("pause"))
    assert here("resume", CURRENT).code == 0
    done = here("stop", "--now")
    assert done.code == 0
    assert done.out.startswith("stopped at once; light off: confirmed")
    assert house.service.stops == 1
    assert here("release-queue").code == 0
    assert house.service.queue_held == ""


def test_a_stop_that_did_not_get_the_light_off_is_loud(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = house.service.stop_now
    dark = {"light_off": "not confirmed", "could_not_stop": ("the camera",)}
    monkeypatch.setattr(house.service, "stop_now", lambda who: real(who).model_copy(update=dark))
    done = here("stop", "--now")
    assert done.code == 1
    assert "could NOT stop: the camera" in done.out
    assert "by hand" in done.err


def test_a_stop_that_reaches_nobody_is_loud(folder: Path) -> None:
    done = here("stop", "--now", "--url", "http://127.0.0.1:9", "--token", "x")
    assert done.code == 2
    assert done.err.startswith("NOT STOPPED. Switch the light off by hand.")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["skip", "A1"], {"command": "skip", "fov": "A1"}),
        (["skip", "--visit", "3"], {"command": "skip", "visit": 3}),
        (["add", "A1", "--delay", "60"], {"command": "add", "fov": "A1", "delay_s": 60}),
        (["hold", "A1", "--why", "bubble"], {"command": "hold", "fov": "A1", "why": "bubble"}),
        (["release", "A1", "--in", "2"], {"command": "release", "fov": "A1"}),
        (["burst", "A1"], {"command": "burst", "fov": "A1"}),
        (["burst", "A1", "--end"], {"command": "end_burst", "fov": "A1"}),
        (["refocus", "A1"], {"command": "refocus", "fov": "A1"}),
        (["expose", "DAPI", "20"], {"command": "set_exposure", "exposure_ms": 20}),
        (["expose", "DAPI"], {"command": "release_exposure", "channel": "DAPI"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_commands(house: House, arguments: list[str], command: dict[str, Any]) -> None:
    done = here(*arguments)
    assert done.code == 0, done.err
    (sent,) = house.service.commands_.values()
    assert command.items() <= sent.command.items()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hold", "nosuch"], "nosuch"),
        (["expose", "DAPI", "0"], "exposure_ms"),
        (["expose", "DAPI", "nan"], "exposure_ms"),
        (["hold", ""], "fov"),
        (["pause", "99"], "experiment 99"),
        (["pause", str(PAST)], "pause for experiment 1"),
        (["approve", "9"], "no open question or change 9"),
        (["approve", "1", "2", "3"], "one number"),
        (["pause", "--why", "x" * 501], "501 characters"),
        (["withdraw", "1"], "withdraw experiment 1"),
        (["tell", "burn them"], "burn them"),
        (["tell"], "what is to be told"),
        (["tell", "2"], "what is to be told"),
        (["tell", "every 2 min"], "nobody was there to ask"),
        (["tell", "--plan", "x.yaml"], "runs' directories"),
        (["tell", "nosuch", "every 2 min"], "no run here"),
        (["resume", "nosuch"], "no run here"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line(house: House, arguments: list[str], says: str) -> None:
    before = dict(house.service.experiments_)
    assert says in line_of(here(*arguments))
    assert house.service.experiments_ == before


def test_a_command_that_the_run_refuses_later_is_no_success(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the visit boundary; there it turns out that it cannot be done."""
    real = house.service.command

    def waits(*how: Any) -> Any:
        sent = real(*how)
        assert isinstance(sent, CommandView)
        later = sent.model_copy(update={"state": "refused", "why": "not done: the run is over"})
        house.service.commands_[sent.id] = later
        return sent.model_copy(update={"state": "waiting"})

    monkeypatch.setattr(house.service, "command", waits)
    assert "the run is over" in line_of(here("hold", "A1"))


def test_a_question_is_answered(house: House) -> None:
    assert here("approve", 1).code == 0
    assert house.service.asks_[1].state == "done"
    assert "no open" in line_of(here("deny", CURRENT, 1))


def test_tell_shows_asks_and_does(house: House) -> None:
    done = at_terminal("n\n", "tell", "every 30 s")
    assert done.code == 1
    assert "interval: 60 s -> 30 s" in done.out
    assert at_terminal("y\n", "tell", "2", "every 30 s").code == 0
    assert here("tell", "--undo", "--yes").code == 0
    assert [c.state for c in house.service.changes_.values()] == ["refused", "applied", "applied"]
    assert "nobody was there" in line_of(here("tell", "every 20 s"))
    assert [c.state for c in house.service.changes_.values()][-1] == "refused"  # it waits for none
    assert "every 30 s" in here("tell", "--list").out


def test_a_change_of_somebody_else_is_approved_or_denied(house: House) -> None:
    for verb, became in (("approve", "applied"), ("deny", "refused")):
        change = house.do(f"/experiments/{CURRENT}/changes", {"words": "every 30 s"}).json()["id"]
        if change == 1:  # the open question's number, too
            assert "question 1 and a change 1" in line_of(here(verb, 1))
            assert here(verb, 1, "--change").code == 0
        else:
            assert here(verb, change).code == 0
        assert house.service.changes_[change].state == became


def test_attendance(house: House) -> None:
    assert here("leave").code == 0
    assert house.service.attended is False
    assert here("attend").code == 0
    assert house.service.attended is True


# ---------------------------------------------------------------------- finding it


def test_without_a_service_it_is_one_line(folder: Path) -> None:
    for arguments in (["status"], ["submit", "film"], ["pause"], ["watch"], ["tell", "x"]):
        line = line_of(here(*arguments))
        assert "none runs here" in line
        assert "microscout serve" in line


def test_a_service_that_died_is_one_line(house: House) -> None:
    (house.home / "service.json").write_text(json.dumps({"url": "http://127.0.0.1:9"}))
    assert "no service answers; start it with" in line_of(here("status"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"url": 7}', "\xff"])
def test_a_broken_address_file_is_none(house: House, text: str) -> None:
    (house.home / "service.json").write_text(text, encoding="latin-1")
    assert "none runs here" in line_of(here("status"))


def test_a_viewers_token_looks_and_does_nothing(house: House) -> None:
    viewer = house.token(Role.VIEWER)
    assert here("status", "--token", viewer).code == 0
    assert "for an operator" in line_of(here("pause", "--token", viewer))
    (house.home / "operator.token").unlink()
    assert here("status").code == 0
    assert "opens nothing" in line_of(here("status", "--token", "mso_nonsense"))


def test_the_environment_says_where(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    url = json.loads((house.home / "service.json").read_text())["url"]
    token = house.token(Role.OPERATOR)
    monkeypatch.setenv("MICROSCOUT_HOME", str(house.home / "elsewhere"))
    monkeypatch.setenv("MICROSCOUT_URL", url + "/")
    assert "no token" in line_of(here("status"))
    monkeypatch.setenv("MICROSCOUT_TOKEN", token)
    assert here("status").code == 0


def test_a_token_that_lies_here_is_sent_nowhere_else(house: House) -> None:
    with pytest.raises(ConfigError, match="no token for this service"):
        find(Wanted(url="http://127.0.0.1:9", home=house.home))
    with pytest.raises(ConfigError, match="no token for this service"):
        find(Wanted(url="https://evil.example", home=house.home))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://scope.lab:8765", "unencrypted"),
        ("http://127.0.0.1.evil.example", "unencrypted"),
        ("http://127.evil.example", "unencrypted"),
        ("ftp://127.0.0.1", "no address"),
        ("127.0.0.1:8765", "no address"),
        ("http://[::1", "no address"),
        ("http://", "no address"),
    ],
)
def test_a_token_never_travels_in_the_clear(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as why:
        find(Wanted(url=url, token="mso_secret"))
    assert "mso_secret" not in str(why.value)
    assert "mso_secret" not in repr(Wanted(url=url, token="mso_secret"))


def test_something_else_at_the_address_is_one_line(folder: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        done = here("status", "--url", url, "--token", "x")
        other.shutdown()
        thread.join()
    assert "answers like no MicroScout service" in line_of(done)


def test_over_tls(
    tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    cert, key = certificate(tmp_path)
    config = WebConfig(port=0, tls_cert=cert, tls_key=key, limits=GENEROUS)
    made = build(tmp_path / "home", standin, config)
    with served(made) as (_, url):
        ask = ("status", "--url", url, "--token", made.token(Role.VIEWER))
        assert "certificate is not trusted" in line_of(here(*ask))
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert here(*ask).code == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(key))
        assert "is no file of certificates" in line_of(here(*ask))


def test_no_proxy_sees_a_token_that_stays_on_this_computer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert here("status").code == 0


def test_the_journal_says_who_sits_at_the_terminal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROSCOUT_PERSON", "Zoë 山田\nroot")
    assert here("hold", "A1").code == 0
    (sent,) = house.service.commands_.values()
    assert sent.who.startswith("Zoë 山田") and "\n" not in sent.who


# ---------------------------------------------------------------------- times


def test_times_of_day_are_the_next_ones() -> None:
    import datetime as dt

    now = dt.datetime(2026, 3, 1, 20, 0, 30).astimezone()
    for said, local in (
        ("22:30", "2026-03-01 22:30"),
        ("7:05", "2026-03-02 07:05"),
        ("20:00", "2026-03-02 20:00"),
        ("2026-03-04 08:00", "2026-03-04 08:00"),
    ):
        assert f"{moment(said, now).astimezone():%Y-%m-%d %H:%M}" == local
    assert moment("2026-03-04T08:00+00:00", now).isoformat() == "2026-03-04T08:00:00+00:00"
    for said in ("", "25:00", "tonight", "2026-13-01", "99999-01-01"):
        with pytest.raises(ConfigError, match="is no time"):
            moment(said, now)


# ---------------------------------------------------------------------- inside


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_terminal(said: str, *arguments: str) -> Done:
    """With a person who types."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = None
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch.object(sys, "argv", ["microscout", *arguments]),
        mock.patch.object(sys, "stdin", Terminal(said)),
        mock.patch("agent.commands.interrupt.interruptible"),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    return Done(int(code or 0), out.getvalue(), err.getvalue())
