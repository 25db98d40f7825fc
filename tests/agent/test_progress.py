"""The view of a run: right numbers, cheap calls, and never in the way."""

from __future__ import annotations

import io
import subprocess
import sys
import threading

import pytest

from agent.journal.states import Outcome, VisitState
from agent.progress import Plain, Progress, Quiet, make_progress
from agent.progress import view as view_module
from agent.progress.live import Live
from agent.progress.state import State, hms
from agent.progress.view import View


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    """A terminal whose other end is gone."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise BrokenPipeError


class Wall:
    """A wall clock that goes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def visits(view: Progress, n: int, first: int = 1, step_s: float = 36.0) -> None:
    for i in range(first, first + n):
        view.visit_started(i, "A1", "baseline", i * step_s)
        view.visit_finished(i, "A1", VisitState.DELIVERED, "", i * step_s + 1)


def test_plain_says_each_tenth_of_the_run() -> None:
    stream, wall = io.StringIO(), Wall()
    view = Plain(3600.0, "a run", stream, wall)
    for i in range(1, 100):
        wall.now += 1
        visits(view, 1, first=i)
        view.dose(0.01 * i, 0.09 * i, "J/cm2")
    view.finished(Outcome.COMPLETE)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "a run: 1:00:00 of run time"
    assert [line[:4] for line in lines[1:-1]] == [f" {n}0%" for n in range(1, 10)]
    assert "of 1:00:00, about 0:00:50 left" in lines[5]
    assert "0:30:00 of" in lines[5]
    assert "busiest field 0.49 J/cm2, all fields 4.41 J/cm2" in lines[5]
    assert lines[-1] == "run complete: 99 visits, 0 decisions acted on"


def test_plain_says_something_every_few_minutes_of_a_long_run() -> None:
    stream, wall = io.StringIO(), Wall()
    view = Plain(360000.0, "a long run", stream, wall)
    for i in range(1, 21):
        wall.now += 60
        visits(view, 1, first=i)
    view.close()
    assert len(stream.getvalue().splitlines()) == 1 + 20 // 5


def test_plain_says_actions_and_each_warning_once() -> None:
    stream = io.StringIO()
    view = Plain(3600.0, "a run", stream)
    view.decided(60.0, "A1", "nothing to do", ())
    view.decided(3661.0, "A1", "mitosis in 2 of 3 looks", ("41 visits every 60 s",))
    for _ in range(1000):
        view.warning("judge too slow")
    view.close()
    said = stream.getvalue()
    assert "nothing to do" not in said
    assert "1:01:01  A1  mitosis in 2 of 3 looks -> 41 visits every 60 s" in said
    assert said.count("judge too slow") == 1


def test_a_flood_of_warnings_is_counted_not_printed() -> None:
    stream = io.StringIO()
    view = Plain(3600.0, "a run", stream)
    for n in range(1000):
        view.warning(f"warning number {n}")
    view.finished(Outcome.FAILED)
    assert len(stream.getvalue().splitlines()) < 60
    assert "1,000 warnings" in stream.getvalue()


def test_live_shows_the_run_and_keeps_every_action() -> None:
    stream = Terminal()
    view = Live(3600.0, "rehearsal [bold]of[/bold] a night", stream)
    visits(view, 50)
    view.visit_finished(51, "A1", VisitState.SKIPPED, "autofocus failed", 1800.0)
    view.visit_started(52, "B2", "reaction", 1800.0)
    view.dose(0.21, 1.3, "s")
    view.warning("stage moved by hand [red]")
    for n in range(12):
        view.decided(100.0 * n, "A1", f"reason {n}.", ("burst",) if n % 2 else ())
    from rich.console import Console

    console = Console(file=io.StringIO(), width=100)
    console.print(view._picture())
    picture = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    shown = (
        "rehearsal [bold]of[/bold] a night",
        " 50%  0:30:0",
        "of 1:00:00",
        "B2, reaction (visit 52)",
        "busiest field 0.21 s of exposure",
        "50 visits, 1 skipped, 6 decisions acted on, 1 warning",
        "reason 11. -> burst",
    )
    for said in shown:
        assert said in picture
    assert "reason 6." not in picture
    view.finished(Outcome.COMPLETE)
    view.close()
    written = stream.getvalue()
    assert "warning: stage moved by hand [red]" in written
    for n in range(1, 12, 2):
        assert f"reason {n}. -> burst" in written
    assert "run complete: 50 visits, 1 skipped" in written[written.rindex("reason 11.") :]


@pytest.mark.parametrize("kind", [Plain, Live])
def test_text_of_the_run_cannot_drive_the_terminal(kind: type[Plain] | type[Live]) -> None:
    stream = Terminal()
    view = kind(3600.0, "t\x1b]0;gotcha\x07", stream)
    view.visit_started(1, "A\x1b[2J", "baseline", 1.0)
    view.decided(1.0, "A\x9b2J", "r\x1b[31m\n\rx", ("a\x1b[2J",))
    view.warning("w\x1b[2J\nfoo")
    view.finished(Outcome.STOPPED)
    written = stream.getvalue()
    for bad in ("\x1b]0", "\x1b[2J", "\x07", "\x9b", "\x1b[31m"):
        assert bad not in written


@pytest.mark.parametrize("make", [Terminal, Broken, io.StringIO])
def test_calls_from_many_threads_never_raise(make: type[io.StringIO]) -> None:
    failures: list[BaseException] = []

    def work(view: Progress, n: int) -> None:
        try:
            visits(view, 100, first=100 * n)
            for i in range(50):
                view.decided(float(i), "A1", "why", ("burst",))
                view.dose(0.1, 0.2, "J/cm2")
                view.warning(f"w{i}")
        except BaseException as error:
            failures.append(error)

    with make_progress(36000.0, "many", json=False, stream=make()) as view:
        threads = [threading.Thread(target=work, args=(view, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if make is not Broken:
            assert isinstance(view, View)
            assert view.state.states[VisitState.DELIVERED] == 400
            assert view.state.acted == 200
        view.finished(Outcome.COMPLETE)
        visits(view, 1)  # a late call after the end
    assert not failures
    assert not [t for t in threading.enumerate() if t.name == "progress"]


@pytest.mark.parametrize(
    "call",
    [
        lambda view: view.visit_started("x", None, 3, "soon"),
        lambda view: view.visit_finished(1, 2, None, None, None),
        lambda view: view.decided(float("nan"), None, 1, None),
        lambda view: view.dose(None, "a", None),
        lambda view: view.warning(None),
        lambda view: view.finished(None),
    ],
)
@pytest.mark.parametrize("make", [Terminal, io.StringIO])
def test_even_nonsense_does_not_raise(call: object, make: type[io.StringIO]) -> None:
    with make_progress(0.0, "", json=False, stream=make()) as view:
        call(view)  # type: ignore[operator]  # the table's lambdas
        visits(view, 3)


@pytest.mark.parametrize(
    ("json", "stream", "kind"),
    [(True, Terminal(), Quiet), (False, Terminal(), Live), (False, io.StringIO(), Plain),
     (False, Broken(), Live)],
)  # fmt: skip
def test_the_view_fits_the_stream(json: bool, stream: io.StringIO, kind: type) -> None:
    with make_progress(10.0, "a run", json=json, stream=stream) as view:
        assert type(view) is kind
        visits(view, 3, step_s=1.0)
        view.finished(Outcome.COMPLETE)
    if json:
        assert stream.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_stream_that_takes_nothing_holds_nobody_up(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "PATIENCE_S", 0.05)
    goes_on = threading.Event()

    class Stuck(io.StringIO):
        def isatty(self) -> bool:
            return terminal

        def write(self, text: str) -> int:
            goes_on.wait(60)  # Ctrl-S
            return len(text)

    stuck = Stuck()
    with make_progress(36000.0, "stuck", json=False, stream=stuck) as view:
        for i in range(3000):
            visits(view, 1, first=i)
            view.decided(float(i), "A1", "why", ("burst",))
            view.warning(f"w{i}")
        view.finished(Outcome.COMPLETE)
    assert isinstance(view, View)
    assert len(view._waiting) <= view_module.MOST_WAITING
    goes_on.set()
    view._writer.join(10)
    assert not view._writer.is_alive()


def test_a_run_that_raises_gives_the_terminal_back() -> None:
    stream = Terminal()
    with (
        pytest.raises(KeyboardInterrupt),
        make_progress(10.0, "a run", json=False, stream=stream) as view,
    ):
        view.decided(1.0, "A1", "for the record", ("burst",))
        raise KeyboardInterrupt
    assert "for the record" in stream.getvalue()
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")
    assert not [t for t in threading.enumerate() if t.name == "progress"]


def test_an_ascii_log_file_gets_question_marks_not_an_error(tmp_path: object) -> None:
    raw = io.BytesIO()
    view = Plain(10.0, "Zellen – µm", io.TextIOWrapper(raw, encoding="ascii"))
    view.finished(Outcome.COMPLETE)
    assert raw.getvalue().startswith(b"Zellen ? ?m: 0:00:10")


@pytest.mark.parametrize(
    ("first_s", "now_s", "wall_s", "left_s"),
    [
        (0.0, 1800.0, 18.0, 18.0),  # a rehearsal, a hundred times faster
        (3000.0, 3300.0, 30.0, 30.0),  # the same, resumed: only this process counts
        (0.0, 1800.0, 1800.0, 1800.0),  # a real run
        (0.0, 3600.0, 10.0, 0.0),
        (0.0, 5000.0, 10.0, 0.0),  # past the end
    ],
)
def test_the_time_left_follows_the_pace_so_far(
    first_s: float, now_s: float, wall_s: float, left_s: float
) -> None:
    wall = Wall()
    state = State(3600.0, wall)
    assert state.left_s() is None
    state.at(first_s)
    wall.now += wall_s
    state.at(now_s)
    assert state.left_s() == pytest.approx(left_s)


def test_run_time_goes_on_between_visits_of_a_real_run() -> None:
    wall = Wall()
    state = State(3600.0, wall)
    state.at(100.0)
    wall.now += 50
    assert hms(state.now_s()) == "0:02:30"
    wall.now += 5000
    assert state.share() == 1.0


def test_importing_progress_does_not_import_rich() -> None:
    code = "import sys, agent.progress; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
