"""Who sees and may do what on the page; forms without our own token do nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from agent.service.states import ExperimentState

if TYPE_CHECKING:
    from page_kit import Site
    from standin import StandIn

ACTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/stop", {}),
    ("/attend", {"attended": "0"}),
    ("/queue/release", {}),
    ("/experiments/2/command", {"command": "stop"}),
    ("/experiments/2/command", {"command": "hold", "fov": "A1"}),
    ("/experiments/2/tell", {"words": "every 30 s"}),
    ("/experiments/2/changes/1/approve", {}),
    ("/experiments/2/undo", {}),
    ("/experiments/2/resume", {}),
    ("/experiments/3/withdraw", {}),
    ("/submit", {"words": "film them"}),
    ("/submit/yaml", {"yaml": "goal: x"}),
    ("/submit/thread1/answer", {"answer.duration_s": "12 h"}),
    ("/submit/thread1/approve", {}),
)
LOOKS = ("/", "/experiments", "/experiments/2", "/messages", "/experiments/2/report",
         "/experiments/2/frames/1/0.png")  # fmt: skip


def untouched(service: StandIn) -> bool:
    states = [service.experiments_[id_].state for id_ in (1, 2, 3)]
    return (
        states == [ExperimentState.COMPLETE, ExperimentState.RUNNING, ExperimentState.WAITING]
        and not (service.stops or service.commands_ or service.changes_ or service.proposals)
        and service.attended
        and len(service.experiments_) == 3
    )


@pytest.mark.parametrize(("path", "form"), ACTS)
def test_a_form_without_our_token_does_nothing(
    site: Site, standin: StandIn, path: str, form: dict[str, str]
) -> None:
    for wrong in ({}, {"csrf": "wrong"}, {"csrf": ""}):
        answer = site.client.post(path, data={**form, **wrong})
        assert answer.status_code == 403
        assert "load the page again" in answer.text
    assert untouched(standin)


@pytest.mark.parametrize(("path", "form"), ACTS)
def test_a_viewer_can_do_nothing(
    as_viewer: Site, standin: StandIn, path: str, form: dict[str, str]
) -> None:
    answer = as_viewer.post(path, **form)
    assert answer.status_code == 403
    assert "operator" in answer.text
    assert untouched(standin)


@pytest.mark.parametrize(("path", "form"), ACTS)
def test_a_stranger_can_do_nothing(
    site: Site, standin: StandIn, path: str, form: dict[str, str]
) -> None:
    site.client.cookies.clear()
    answer = site.client.post(path, data=form, follow_redirects=False)
    assert answer.status_code in (303, 401)
    assert untouched(standin)


@pytest.mark.parametrize("path", LOOKS)
def test_a_stranger_is_sent_to_the_login_and_back(site: Site, path: str) -> None:
    site.client.cookies.clear()
    answer = site.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    token = site.token()
    form = re.search(r'name="next" value="([^"]*)"', site.get(path).text)
    assert form
    assert form[1] == path
    there = site.client.post("/login", data={"token": token, "name": "A", "next": form[1]})
    assert there.status_code == 200
    assert there.url.path == path


@pytest.mark.parametrize("path", ["/", "/?fov=A1", "/experiments", "/experiments/2", "/messages"])
def test_a_viewer_sees_everything_and_no_control(as_viewer: Site, path: str) -> None:
    page = as_viewer.text(path)
    posts = set(re.findall(r'<form method="post" action="([^"]+)"', page))
    assert posts <= {"/look", "/logout"}
    assert "STOP NOW" not in page
    assert "/submit" not in page


def test_a_viewer_does_not_get_the_submit_page(as_viewer: Site) -> None:
    assert as_viewer.get("/submit").status_code == 403


@pytest.mark.parametrize("path", ["/", "/experiments", "/experiments/2", "/submit", "/messages"])
def test_an_operator_can_stop_from_every_page(site: Site, path: str) -> None:
    page = site.text(path)
    assert re.search(r'<form method="post" action="/stop" class="act">', page)
    assert 'accesskey="x"' in page
    assert 'value="stop"' in page, "the stop after this visit"


def test_an_operator_can_stop_from_a_page_that_failed(site: Site) -> None:
    answer = site.get("/experiments/99")
    assert answer.status_code == 404
    assert 'action="/stop"' in answer.text


def test_a_wrong_token_says_so_and_opens_nothing(site: Site) -> None:
    site.client.cookies.clear()
    answer = site.client.post("/login", data={"token": "nonsense", "name": "A"})
    assert answer.status_code == 401
    assert "opens nothing" in answer.text
    assert site.get("/", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_login_leads_nowhere_else(site: Site, next_: str) -> None:
    form = {"token": site.token(), "name": "A", "next": next_}
    answer = site.client.post("/login", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/"
    page = site.client.get("/login", params={"next": next_}, follow_redirects=False)
    assert page.headers["location"] == "/"


def test_back_to_another_site_is_not_followed(site: Site) -> None:
    data = {"command": "pause", "back": "https://evil.example/", "csrf": site.csrf()}
    answer = site.client.post("/experiments/2/command", data=data, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_the_token_is_on_no_page(site: Site) -> None:
    for path in (*LOOKS[:4], "/submit", "/login?failed=wrong_token"):
        assert site.token() not in site.get(path).text
