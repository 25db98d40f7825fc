"""The whole way through the page without script: forms and pages, over the stand-in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from agent.service.states import ExperimentState, Level

if TYPE_CHECKING:
    from page_kit import Site
    from standin import StandIn


def thread_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_words_become_a_plan_and_an_experiment(site: Site, standin: StandIn) -> None:
    proposal = site.post("/submit", words="film dividing cells")
    assert "This is the plan" in proposal.text
    assert "Light: 0.1 J/cm2 per field." in proposal.text
    assert "the disk will be half full" in proposal.text
    assert "usual value" in proposal.text
    path = f"/submit/{thread_of(proposal.url.path)}/approve"
    done = site.post(path, name="night", start="2030-01-01T20:00", after="2")
    assert "experiment 4" in done.text
    new = standin.experiments_[4]
    assert (new.name, new.after, new.who, new.state) == ("night", 2, "Ada", ExperimentState.WAITING)
    assert new.start_utc is not None
    assert new.start_utc.tzinfo is not None


def test_open_questions_are_answered_by_choice_or_own_words(site: Site) -> None:
    for answer in ({"answer.duration_s": "6 h"}, {"own.duration_s": "three days"}):
        open_ = site.post("/submit", words="something unclear")
        assert "For how long?" in open_.text
        assert re.search(r'value="12 h" checked', open_.text), "what is proposed is chosen"
        thread = thread_of(open_.url.path)
        again = site.post(f"/submit/{thread}/answer")
        assert "Nothing was answered" in again.text
        assert "This is the plan" in site.post(f"/submit/{thread}/answer", **answer).text


@pytest.mark.parametrize(
    ("words", "said"),
    [("burn them", "is refused"), ("how bright is it", "DAPI and FITC, 20 ms each."), ("", "Say")],
)
def test_words_that_are_no_plan(site: Site, standin: StandIn, words: str, said: str) -> None:
    answer = site.post("/submit", words=words)
    assert said in answer.text
    assert "Approve: into" not in answer.text
    assert len(standin.experiments_) == 3


def test_a_plan_as_yaml(site: Site, standin: StandIn) -> None:
    assert "This is the plan" in site.post("/submit/yaml", yaml=standin.plan_text).text
    assert "is refused" in site.post("/submit/yaml", yaml="goal: [").text


def test_a_proposal_that_is_gone_says_so(site: Site) -> None:
    assert "not kept any more" in site.text("/submit/nosuch")


@pytest.mark.parametrize("start", ["tomorrow", "99999-01-01T00:00"])
def test_a_start_that_is_no_time_submits_nothing(site: Site, standin: StandIn, start: str) -> None:
    thread = thread_of(site.post("/submit", words="film").url.path)
    assert "Not submitted" in site.post(f"/submit/{thread}/approve", start=start).text
    assert len(standin.experiments_) == 3


def test_pause_go_on_and_stop(site: Site, standin: StandIn) -> None:
    def state() -> ExperimentState:
        return standin.experiments_[2].state

    assert ">Pause</button>" in site.text("/")
    paused = site.post("/experiments/2/command", command="pause")
    assert state() is ExperimentState.PAUSED
    assert ">Go on</button>" in paused.text
    assert ">Pause</button>" in site.post("/experiments/2/command", command="resume").text
    stopped = site.post("/experiments/2/command", command="stop", back="/")
    assert state() is ExperimentState.STOPPED
    assert "idle, light off" in stopped.text


def test_stop_now_says_what_was_read_back(site: Site, standin: StandIn) -> None:
    answer = site.post("/stop")
    assert standin.stops == 1
    assert "light off, read back" in answer.text
    assert "read back" not in site.text("/"), "said once"


def test_stop_now_is_loud_when_the_light_may_be_on(
    site: Site, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(who: object) -> None:
        raise OSError("no hands")

    monkeypatch.setattr(standin, "stop_now", broken)
    answer = site.post("/stop")
    assert "THE LIGHT IS NOT CONFIRMED OFF" in answer.text
    assert "switch the light off by hand" in answer.text
    assert 'role="alert"' in answer.text


def test_a_change_is_shown_with_its_effect_then_approved(site: Site, standin: StandIn) -> None:
    told = site.post("/experiments/2/tell", words="every 30 seconds")
    for text in ("every 30 seconds", "60 s", "30 s", "0.5", "1.0 J/cm2", ">Approve</button>"):
        assert text in told.text
    (number,) = standin.changes_
    answer = site.post(f"/experiments/2/changes/{number}/approve")
    assert "Approved" in answer.text
    assert standin.changes_[number].state == "applied"
    assert ">Take the last change back</button>" in site.text("/experiments/2")
    site.post("/experiments/2/undo")
    assert len(standin.changes_) == 2
    again = site.post(f"/experiments/2/changes/{number}/approve")
    assert "Nothing was sent" in again.text


def test_a_change_can_be_denied_and_a_refused_one_says_why(site: Site, standin: StandIn) -> None:
    site.post("/experiments/2/tell", words="every 30 seconds")
    (number,) = standin.changes_
    assert "stays as it is" in site.post(f"/experiments/2/changes/{number}/deny").text
    assert standin.changes_[number].state == "refused"
    refused = site.post("/experiments/2/tell", words="burn them")
    assert "Not possible" in refused.text
    assert "Say what to change" in site.post("/experiments/2/tell", words=" ").text
    assert "Approve or deny it" in site.post("/experiments/2/changes/1/maybe").text


@pytest.mark.parametrize(("command", "state"), [("approve", "done"), ("deny", "denied")])
def test_a_question_is_answered(site: Site, standin: StandIn, command: str, state: str) -> None:
    assert "give up all fields but A1" in site.text("/")
    site.post("/experiments/2/command", command=command, ask="1")
    assert standin.asks_[1].state == state
    assert standin.asks_[1].who == "Ada"
    assert "give up all fields but A1" not in re.sub(
        r'id="lately".*', "", site.text("/"), flags=re.DOTALL
    )


@pytest.mark.parametrize(
    "form",
    [
        {"command": "explode"},
        {"command": "skip", "visit": "x"},
        {"command": "set_exposure", "channel": "DAPI", "exposure_ms": "nan"},
        {"command": "set_exposure", "channel": "DAPI", "exposure_ms": "-5"},
        {"command": "add", "fov": "A1", "delay_min": "inf"},
        {},
    ],
)
def test_a_command_that_is_none_is_not_sent(
    site: Site, standin: StandIn, form: dict[str, str]
) -> None:
    answer = site.post("/experiments/2/command", **form)
    assert answer.status_code == 200
    assert "Not sent." in answer.text
    assert not standin.commands_


def test_a_refused_command_says_why(site: Site) -> None:
    answer = site.post("/experiments/2/command", command="hold", fov="nowhere")
    assert "no field of view" in answer.text
    assert "Nothing was sent" in site.post("/experiments/3/command", command="pause").text


def test_a_field_is_chosen_held_and_released(site: Site, standin: StandIn) -> None:
    page = site.text("/?fov=A2")
    assert "Field A2" in page
    held = site.post("/experiments/2/command", command="hold", fov="A2", stay="A2")
    assert standin.held == {"A2": "held by Ada"}
    assert held.url.query == b"fov=A2"
    assert "Image it again" in held.text
    site.post("/experiments/2/command", command="release", fov="A2")
    assert not standin.held


def test_an_exposure_is_set_and_shown_until_it_is_released(site: Site) -> None:
    form = {"command": "set_exposure", "channel": "DAPI", "exposure_ms": "12.5"}
    assert "12.5 ms by Ada" in site.post("/experiments/2/command", **form).text


def test_leave_and_come_back(site: Site, standin: StandIn) -> None:
    left = site.post("/attend", attended="0")
    assert standin.attended is False
    assert "I am back" in left.text
    site.post("/attend", attended="1")
    assert standin.attended is True


def test_a_held_experiment_shows_the_differences_and_goes_on(site: Site, standin: StandIn) -> None:
    standin.hold("stage x 3 um from the journal's")
    page = site.text("/experiments/2")
    assert "stage x 3 um" in page
    site.post("/experiments/2/resume")
    assert standin.experiments_[2].state is ExperimentState.RUNNING


def test_an_experiment_is_withdrawn_once(site: Site, standin: StandIn) -> None:
    assert "is withdrawn" in site.post("/experiments/3/withdraw").text
    assert standin.experiments_[3].state is ExperimentState.WITHDRAWN
    assert "Nothing was sent" in site.post("/experiments/3/withdraw").text


def test_trouble_is_on_the_first_page(site: Site, standin: StandIn) -> None:
    standin.problems = ("the camera does not answer",)
    assert standin.health().level is Level.BAD
    page = site.text("/")
    assert "■ problem: the camera does not answer" in page
    assert "trouble" in page


def test_the_look_is_kept_for_this_browser(site: Site) -> None:
    assert 'data-look="dark"' in site.text("/")
    answer = site.post("/look", look="red", back="/experiments")
    assert answer.url.path == "/experiments"
    assert 'data-look="red"' in site.text("/")
    site.post("/look", look="<script>")
    assert 'data-look="red"' in site.text("/")


def test_log_out_ends_the_session(site: Site) -> None:
    site.post("/logout")
    assert site.get("/", follow_redirects=False).status_code == 303


def test_pictures_are_kept_by_the_browser_and_pages_are_not(site: Site) -> None:
    png = site.get("/experiments/2/frames/1/0.png?px=64")
    assert png.content.startswith(b"\x89PNG")
    assert "immutable" in png.headers["cache-control"]
    assert site.get("/").headers["cache-control"] == "no-store"
    assert site.get("/experiments/2/frames/1/77.png").status_code == 404
    assert site.get("/experiments/2/frames/..%2f/0.png").status_code in (404, 422)
    css = re.search(r"/static/page\.css\?v=\w+", site.text("/"))
    assert css
    assert "immutable" in site.get(css[0]).headers["cache-control"]


def test_a_look_again_by_the_script_does_not_take_the_note_away(site: Site) -> None:
    csrf = site.csrf()
    form = {"csrf": csrf, "command": "pause"}
    site.client.post("/experiments/2/command", data=form, follow_redirects=False)
    assert 'id="note"' not in site.client.get("/", headers={"x-live": "1"}).text
    assert 'id="note"' in site.text("/")


def test_the_timeline_is_paged_and_filtered(site: Site) -> None:
    page = site.text("/experiments/2?kind=decision&quiet=1")
    shown = re.findall(r'<li class="event decision \w+" id="(decision-\d+)"', page)
    assert len(shown) == 25
    older = re.search(r'rel="next" href="([^"#]+)', page)
    assert older
    next_page = site.text(older[1].replace("&amp;", "&"))
    rest = re.findall(r'<li class="event decision \w+" id="(decision-\d+)"', next_page)
    assert rest
    assert not set(rest) & set(shown)
    assert 'rel="prev"' in next_page
