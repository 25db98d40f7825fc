"""Text of people, plans and models is text on every page, and nothing is inline."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from short_run import HOSTILE
from standin import HOSTILE_NAME

from agent.live.command import Pause

if TYPE_CHECKING:
    from page_kit import Site
    from standin import StandIn

PAGES = (
    "/",
    "/?fov=A1",
    "/experiments",
    "/experiments/1",
    "/experiments/2",
    "/experiments/2?fov=A1&quiet=1",
    "/experiments/3",
    "/submit",
    "/messages",
)
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(2)>"


class Inline(HTMLParser):
    """Finds what a browser would run, or style, from within the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"{tag} {name}" for name in names if name.startswith("on")]
        if "style" in names or tag in ("style", "iframe", "object", "embed", "base"):
            self.found.append(tag)
        if tag == "script":
            self.scripts.append(names.get("src"))
        for name in ("href", "src", "action"):
            value = (names.get(name) or "").strip().lower()
            if value and not value.startswith(("/", "#", "?")):
                self.found.append(f"{tag} {name}={value}")


def check(page: str) -> None:
    seen = Inline()
    seen.feed(page)
    assert seen.found == []
    assert all(src and src.startswith("/static/page.js?v=") for src in seen.scripts)
    assert len(seen.scripts) == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(site: Site, path: str) -> None:
    check(site.text(path))
    policy = site.get(path).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/experiments", "/experiments/2"])
def test_script_in_goal_and_name_is_shown_as_text(site: Site, path: str) -> None:
    page = site.text(path)
    assert HOSTILE not in page
    assert HOSTILE_NAME not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_script_in_the_goal_is_shown_as_text_in_plan_and_yaml(site: Site) -> None:
    assert (
        site.text("/experiments/2").count("&lt;script&gt;alert(&#39;goal&#39;)&lt;/script&gt;") >= 2
    )


@pytest.mark.parametrize("where", ["tell", "why", "words", "yaml", "name"])
def test_script_in_what_people_send_is_shown_as_text(site: Site, where: str) -> None:
    match where:
        case "tell":
            answer = site.post("/experiments/2/tell", words=SCRIPT)
        case "why":
            answer = site.post("/experiments/2/command", command="pause", why=SCRIPT)
            assert "&lt;script&gt;" in site.text("/experiments/2")
        case "words":
            answer = site.post("/submit", words=SCRIPT)
        case "yaml":
            answer = site.post("/submit/yaml", yaml=f"goal: {SCRIPT}")
        case _:
            thread = site.post("/submit", words="film them").url.path.rpartition("/")[2]
            answer = site.post(f"/submit/{thread}/approve", name=SCRIPT)
    assert answer.status_code == 200
    check(answer.text)
    assert "<script>alert" not in answer.text


def test_a_name_with_script_is_shown_as_text(site: Site) -> None:
    site.log_in(name=SCRIPT)
    page = site.text("/")
    check(page)
    assert "&lt;script&gt;" in page


def test_script_in_a_question_is_shown_as_text(site: Site, standin: StandIn) -> None:
    changed = {"reason": SCRIPT, "action": SCRIPT, "default": SCRIPT}
    standin.asks_[1] = standin.asks_[1].model_copy(update=changed)
    page = site.text("/")
    check(page)
    assert page.count("&lt;script&gt;") >= 3


def test_a_field_with_script_in_its_address_is_text(site: Site) -> None:
    check(site.text("/?fov=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"))
    check(site.text("/experiments/2?fov=%3Cscript%3E&kind=%3Cscript%3E&before=%3Cscript%3E"))


def test_the_report_is_in_a_sandbox(site: Site) -> None:
    answer = site.get("/experiments/2/report")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert HOSTILE not in re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)


def test_a_command_keeps_its_why_as_it_was_said(site: Site, standin: StandIn) -> None:
    site.post("/experiments/2/command", command="pause", why=SCRIPT)
    assert standin.commands(2)[0].command == Pause(why=SCRIPT).model_dump()
