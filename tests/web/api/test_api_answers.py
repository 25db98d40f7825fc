"""What the API answers: views, refusals as 409, what does not exist as 404, all of it JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from standin import CURRENT, NEXT, PAST

from agent.service.states import Level
from agent.service.views import (
    AskView,
    ChangeView,
    CommandView,
    ExperimentView,
    HealthView,
    MessageView,
    ProposalView,
    RefusalView,
    RunView,
    StatusView,
    StopView,
)
from agent.web.api.looking import PlanView
from agent.web.errors import ErrorView
from agent.web.frames import FrameView

if TYPE_CHECKING:
    from api_kit import House
    from pydantic import BaseModel

HERE = f"/experiments/{CURRENT}"
EXPOSE: dict[str, Any] = {"command": "set_exposure", "channel": "DAPI"}


@pytest.mark.parametrize(
    ("path", "view", "many"),
    [
        ("/status", StatusView, False),
        ("/health", HealthView, False),
        ("/experiments", ExperimentView, True),
        (HERE, ExperimentView, False),
        (f"{HERE}/run", RunView, False),
        (f"{HERE}/plan", PlanView, False),
        (f"{HERE}/asks", AskView, True),
        (f"{HERE}/frames", FrameView, True),
        ("/messages", MessageView, True),
    ],
)
def test_reading(house: House, path: str, view: type[BaseModel], many: bool) -> None:
    response = house.ask(path)
    assert response.status_code == 200
    content = response.json()
    assert content
    for one in content if many else [content]:
        assert view.model_validate(one).model_dump(mode="json") == one


def test_words_become_a_plan_and_an_experiment(house: House) -> None:
    proposal = ProposalView.model_validate(house.do("/proposals", {"words": "unclear"}).json())
    assert proposal.outcome == "ask"
    refused = house.do("/experiments", {"thread": proposal.thread})
    assert refused.status_code == 409
    answered = house.do(f"/proposals/{proposal.thread}/answers", {"answers": {"duration_s": "6 h"}})
    assert answered.json()["outcome"] == "plan"
    wish = {"thread": proposal.thread, "start_utc": "2026-03-01T21:00:00+01:00", "after": NEXT}
    made = house.do("/experiments", wish)
    assert made.status_code == 201
    view = ExperimentView.model_validate(made.json())
    assert (view.who, view.after, str(view.start_utc)) == (
        "operator",
        NEXT,
        "2026-03-01 20:00:00+00:00",
    )
    assert house.do(f"/experiments/{view.id}/withdraw").json()["state"] == "withdrawn"
    assert house.do(f"/experiments/{view.id}/withdraw").status_code == 409


def test_a_plan_in_yaml(house: House) -> None:
    text = house.ask(f"{HERE}/plan").json()["yaml"]
    assert house.do("/proposals/yaml", {"yaml": text}).json()["outcome"] == "plan"
    refused = house.do("/proposals/yaml", {"yaml": "goal: [1"}).json()
    assert refused["outcome"] == "refuse"


def test_commands(house: House) -> None:
    sent = house.do(f"{HERE}/commands", {"command": "pause", "why": "incubator"})
    view = CommandView.model_validate(sent.json())
    assert (view.state, view.command["why"], view.door) == ("done", "incubator", "api")
    assert house.ask(f"{HERE}/commands/{view.id}").json() == sent.json()
    assert house.ask(f"{HERE}/commands").json() == [sent.json()]
    assert house.ask(f"{HERE}/commands/999").status_code == 404


def test_a_command_that_is_refused_is_a_refusal_not_a_success(house: House) -> None:
    response = house.do(f"{HERE}/commands", {"command": "hold", "fov": "nosuch"})
    assert response.status_code == 409
    assert "nosuch" in RefusalView.model_validate(response.json()).limit


def test_changes(house: House) -> None:
    told = house.do(f"{HERE}/changes", {"words": "every 30 s"})
    change = ChangeView.model_validate(told.json())
    assert (told.status_code, change.state, change.diff[0].new) == (201, "asked", "30 s")
    where = f"{HERE}/changes/{change.id}"
    assert house.do(f"{where}/confirm").json()["state"] == "applied"
    assert house.do(f"{where}/confirm").status_code == 409
    undo = house.do(f"{HERE}/changes/undo").json()
    assert house.do(f"{HERE}/changes/{undo['id']}/refuse").json()["state"] == "refused"
    assert len(house.ask(f"{HERE}/changes").json()) == 2
    burnt = house.do(f"{HERE}/changes", {"words": "burn them"}).json()
    assert (burnt["state"], len(burnt["refusals"])) == ("refused", 1)


def test_stop_says_what_it_did(house: House) -> None:
    for how in (
        lambda: house.do("/stop"),
        lambda: house.do(f"{HERE}/commands", {"command": "stop_now"}),
    ):
        response = how()
        assert response.status_code == 200
        assert StopView.model_validate(response.json()).light_off == "confirmed"
    assert house.service.stops == 2
    assert house.ask("/status").json()["queue_held"] == "stopped at once by operator"
    assert house.do("/queue/release").json()["queue_held"] == ""


def test_attend_and_resume(house: House) -> None:
    assert house.do("/attend", {"attended": False}).json()["attended"] is False
    assert house.do(f"{HERE}/resume").status_code == 409
    house.service.hold("stage x is 12 um off")
    assert house.ask(HERE).json()["differences"] == ["stage x is 12 um off"]
    assert house.do(f"{HERE}/resume").json()["state"] == "running"


def test_a_picture_is_a_small_png(house: House) -> None:
    frame = house.ask(f"{HERE}/frames?limit=1").json()[0]
    where = f"{HERE}/picture?visit={frame['visit']}&index={frame['index']}"
    response = house.ask(f"{where}&max_px=32")
    assert response.headers["content-type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")
    assert int.from_bytes(response.content[16:20], "big") == 32
    assert house.ask(f"{HERE}/picture?visit=99999").status_code == 404


def test_frames_are_paged(house: House) -> None:
    first = house.ask(f"{HERE}/frames?limit=3").json()
    assert len(first) == 3
    older = house.ask(f"{HERE}/frames?limit=3&before={first[-1]['visit']}").json()
    assert all(frame["visit"] < first[-1]["visit"] for frame in older)


def test_the_report_is_a_file_to_keep(house: House) -> None:
    response = house.ask(f"/experiments/{PAST}/report")
    assert response.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in response.headers["content-security-policy"]
    assert "<html" in response.text
    assert house.ask(f"/experiments/{NEXT}/report").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/experiments/99",
        "/experiments/99/run",
        "/experiments/99/plan",
        "/experiments/99/asks",
        "/experiments/99/frames",
        "/experiments/99/picture?visit=1",
        "/experiments/99/report",
        "/nosuch",
        f"/experiments/{NEXT}/picture?visit=1",
    ],
)
def test_what_does_not_exist(house: House, path: str) -> None:
    response = house.ask(path)
    assert response.status_code == 404
    assert ErrorView.model_validate(response.json()).error == "not_found"


def test_a_run_that_has_not_begun_is_a_refusal(house: House) -> None:
    response = house.ask(f"/experiments/{NEXT}/run")
    assert response.status_code == 409
    assert RefusalView.model_validate(response.json()).rule == "not_begun"


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/proposals", {}, "body.words"),
        ("/proposals", {"words": " "}, "body.words"),
        ("/proposals", {"words": "x" * 4001}, "body.words"),
        ("/proposals", {"words": "x", "more": 1}, "body.more"),
        ("/proposals", [], "body"),
        ("/experiments", {"thread": "../x"}, "body.thread"),
        ("/experiments", {"thread": "x", "start_utc": "2026-03-01T21:00"}, "body.start_utc"),
        ("/experiments", {"thread": "x", "after": 0}, "body.after"),
        ("/experiments", {"thread": "x", "name": "a\nb"}, "body.name"),
        (f"{HERE}/commands", {"command": "fly"}, "body"),
        (f"{HERE}/commands", {"command": "set_exposure", "channel": "x"}, "body.set_exposure"),
        (f"{HERE}/commands", {"command": "pause", "more": 1}, "body.pause.more"),
        (f"{HERE}/commands", EXPOSE | {"exposure_ms": True}, "body.set_exposure.exposure_ms"),
        (f"{HERE}/commands", EXPOSE | {"exposure_ms": "20"}, "body.set_exposure.exposure_ms"),
        (f"{HERE}/commands", {"command": "skip", "visit": True}, "body.skip.visit"),
        (f"{HERE}/commands", {"command": "skip", "visit": 3.5}, "body.skip.visit"),
        ("/experiments", {"thread": "x", "after": True}, "body.after"),
        ("/experiments", {"thread": "x", "after": "2"}, "body.after"),
        (f"{HERE}/commands", {"command": "approve", "ask": 2**64}, "body.approve.ask"),
        ("/attend", {"attended": "yes"}, "body.attended"),
        ("/attend", {"attended": 1}, "body.attended"),
        ("/attend", {"attended": "perhaps"}, "body.attended"),
        ("/experiments/0/withdraw", None, "path.id"),
        ("/experiments/1e400/withdraw", None, "path.id"),
        (f"/experiments/{10**30}/withdraw", None, "path.id"),
    ],
)
def test_bad_input_says_where(house: House, path: str, body: Any, place: str) -> None:
    response = house.do(path, body)
    assert response.status_code == 422
    error = ErrorView.model_validate(response.json())
    assert error.error == "bad_input"
    assert error.faults[0].place.startswith(place)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_bad_input(house: House, number: str) -> None:
    body = f'{{"command": "set_exposure", "channel": "DAPI", "exposure_ms": {number}}}'
    headers = house.bearer() | {"content-type": "application/json"}
    response = house.client.post(f"/api/v1{HERE}/commands", content=body, headers=headers)
    assert response.status_code == 422


def test_health_is_red_for_everybody_and_says_why_to_those_who_may_know(house: House) -> None:
    assert house.client.get("/health").json()["level"] == "good"
    house.service.problems = ("the lamp of Ada's microscope is on",)
    light = house.client.get("/health")
    assert light.status_code == 503
    assert light.json() == {
        "level": "bad",
        "checks": {"light": "good", "disk": "good", "problem": "bad"},
    }
    checks = HealthView.model_validate(house.ask("/health").json()).checks
    assert (checks[-1].level, checks[-1].text) == (Level.BAD, "the lamp of Ada's microscope is on")


def test_who_and_which_door_are_written_down(house: House) -> None:
    headers = house.bearer() | {"x-person": "Ada\x1b[31m " + "n" * 200, "x-door": "terminal"}
    where = f"/api/v1{HERE}/commands"
    view = house.client.post(where, json={"command": "pause"}, headers=headers).json()
    assert view["door"] == "terminal"
    assert view["who"].startswith("Ada")
    assert view["who"].isprintable()
    assert len(view["who"]) <= 80
    headers["x-door"] = "service"  # only the service itself is that
    view = house.client.post(where, json={"command": "resume"}, headers=headers).json()
    assert view["door"] == "api"


def test_a_fault_of_ours_is_a_500_in_json_without_what_is_inside(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> StatusView:
        raise KeyError("/home/ada/secret")

    monkeypatch.setattr(house.service, "status", broken)
    response = house.ask("/status")
    assert response.status_code == 500
    assert response.json()["error"] == "fault"
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert "KeyError" in caplog.text


def test_metrics_name_what_stands_and_what_passed(house: House) -> None:
    house.ask(HERE)
    house.ask("/experiments/1")
    house.client.get("/" + "made-up" * 5)
    text = house.client.get("/metrics", headers=house.bearer()).text
    wanted = 'microscout_http_requests_total{method="GET",route="/api/v1/experiments/{id}",'
    assert f'{wanted}status="2xx"}} 2.0' in text
    assert 'microscout_experiment_state{state="running"} 1.0' in text
    assert "made-up" not in text
