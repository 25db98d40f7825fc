"""The whole way of a person at a browser, against `microscout serve` on the simulated scope.

One service and one browser for all of it. Waits are for what must come true, never for a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from browser_kit import PATIENCE_S, browsing, serving_process, until
from page_audit import contrast, structure, tab_order, too_wide_px
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser_kit import Served
    from playwright.sync_api import Browser, BrowserContext, Page

PATIENCE_MS = 1000 * PATIENCE_S
WORDS = (
    "Film dividing cells in P1 and P2, DAPI, every minute for 3 hours;"
    " when a cell divides, every 20 seconds."
)
PAGES = ("/", "/submit", "/experiments", "/experiments/1", "/messages", "/experiments/77")
OPEN_ALL = "document.querySelectorAll('details').forEach((d) => { d.open = true; })"


@dataclass
class Seat:
    """Somebody at the browser; everything that the browser complained of."""

    served: Served
    browser: Browser
    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Turn to a page, through the login if need be."""
        self.page.goto(self.served.url + path)
        if "/login" in self.page.url:
            log_in(self.page, self.served.token())
            self.page.wait_for_url(self.served.url + path)
        return self.page

    def press(self, name: str) -> None:
        """The one button of that name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def audit(self) -> None:
        """The page that is shown can be read and used by everybody."""
        assert structure(self.page) == [], self.page.url
        assert contrast(self.page) == [], self.page.url


def context_of(browser: Browser, served: Served, **how: object) -> BrowserContext:
    made = browser.new_context(base_url=served.url, **how)  # type: ignore[arg-type]
    made.set_default_timeout(PATIENCE_MS)
    return made


def log_in(page: Page, token: str, name: str = "Ada") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()


def visits_on_map(page: Page, *, fetched: bool) -> int:
    """Visits of all fields on the map that is shown, or on the one that the service has."""
    script = """async (fetched) => {
      const text = fetched ? await (await fetch("/", {headers: {"x-live": "1"}})).text() : "";
      const all = fetched ? new DOMParser().parseFromString(text, "text/html") : document;
      return [...all.querySelectorAll("#map .mark")]
        .reduce((sum, e) => sum + Number(e.textContent.match(/[0-9]+/)[0]), 0);
    }"""
    return int(page.evaluate(script, fetched))


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """At the page, before anything was done."""
    expect.set_options(timeout=PATIENCE_MS)
    with browsing() as browser, serving_process(tmp_path_factory.mktemp("story")) as served:
        page = context_of(browser, served, viewport={"width": 1280, "height": 900}).new_page()
        made = Seat(served, browser, page)
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: made.complaints.append(line.text) if line.type == "error" else None,
        )
        yield made


def test_the_whole_story(seat: Seat) -> None:
    page = seat.page
    page.goto(seat.served.url)
    seat.audit()
    log_in(page, seat.served.token())
    expect(page.locator("#headline")).to_contain_text("Nothing to do")
    seat.audit()

    # words become a plan, and a person approves it
    page.get_by_role("link", name="Submit", exact=True).click()
    page.get_by_label("Say in plain words what to do").fill(WORDS)
    seat.press("Make a plan of it")
    expect(page.get_by_role("heading", level=1)).to_have_text("This is the plan")
    expect(page.locator("ul.plan")).to_contain_text("every 1 min")
    seat.audit()
    page.get_by_label("Name").fill("night film")
    seat.press("Approve: into the queue")
    expect(page.locator("#note")).to_contain_text("experiment 1")

    # frames come, and others after them, without anybody touching the page
    seat.go("/")
    picture = page.locator("#frames img").first
    expect(picture).to_be_visible()
    expect(page.locator("#headline")).to_contain_text("night film")
    for _ in range(2):
        shown = picture.get_attribute("src")
        assert shown
        expect(picture).not_to_have_attribute("src", shown)
    until(lambda: page.evaluate("document.querySelector('#frames img')?.naturalWidth > 0"))

    # the microscope reacts
    expect(page.locator("#lately")).to_contain_text("fast imaging started")
    expect(page.locator("#map .field.burst, #map .field.imaged-now").first).to_be_visible()
    seat.audit()

    # what is pressed is not taken away by news that comes before it is let go
    field = page.locator("#map .field").first
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    shown = visits_on_map(page, fetched=False)
    until(lambda: visits_on_map(page, fetched=True) >= shown + 4)
    assert visits_on_map(page, fetched=False) == shown
    page.mouse.up()
    expect(page.get_by_role("heading", name="Field P1")).to_be_visible()
    seat.go("/")

    seat.press("Pause")
    expect(page.locator("#about .state")).to_have_text("paused")
    seat.press("Go on")
    expect(page.locator("#about .state")).to_have_text("running")

    # a change in words: its effect first, then the approval, then it is in force
    page.get_by_label("Tell a change").fill("every 3 minutes from now on")
    seat.press("Show what would change")
    change = page.locator("#changes").get_by_role("region", name="Change 1")
    expect(change).to_contain_text("What would change")
    expect(change).to_contain_text("What that means")
    seat.audit()
    change.get_by_role("button", name="Approve").click()
    expect(page.locator("#note")).to_contain_text("Approved")
    expect(page.locator("#changes ul.plan")).to_contain_text("every 3 min")

    seat.press("Stop after this visit")
    expect(page.locator("#headline")).to_contain_text("Nothing to do")
    page.get_by_role("link", name="Its report").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("body")).to_contain_text("Ada")
    assert page.url.endswith("/experiments/1/report")
    assert seat.complaints == []


def test_stop_at_once_holds_the_queue_until_somebody_releases_it(seat: Seat) -> None:
    page = seat.go("/messages")
    seat.press("STOP NOW, light off")
    expect(page.locator("#note")).to_contain_text("light off, read back")
    expect(page.get_by_role("region", name="The queue is held")).to_be_visible()
    seat.audit()
    seat.press("Let the queue go on")
    expect(page.get_by_role("region", name="The queue is held")).to_have_count(0)


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(seat: Seat) -> None:
    seat.go("/submit")
    soft = "Stop after this visit"  # only while something runs
    tabs = 9 + seat.page.get_by_role("button", name=soft).count()
    order = [name for name in tab_order(seat.page, tabs) if name != soft]
    assert order[:5] == ["Skip to the content", "MicroScout", "Now", "Submit", "Experiments"]
    assert order[5:9] == [
        "Messages",
        "Ada",
        "STOP NOW, light off",
        "Say in plain words what to do",
    ]
    seat.page.keyboard.type("typed")
    assert seat.page.get_by_label("Say in plain words what to do").input_value() == "typed"
    seat.go("/experiments")
    seat.page.keyboard.press("Tab")
    seat.page.keyboard.press("Enter")
    assert seat.page.evaluate("document.activeElement.id") == "main", "the way past the menu"


def test_every_page_can_be_read_in_every_look(seat: Seat) -> None:
    for look in ("red", "light", "dark"):
        for path in PAGES:
            page = seat.go(path)
            if path == "/":
                page.locator("#you summary").click()
                page.locator(f"button[name=look][value={look}]").click()
                expect(page.locator("html")).to_have_attribute("data-look", look)
            page.evaluate(OPEN_ALL)
            seat.audit()


def test_every_page_fits_a_small_phone(seat: Seat) -> None:
    phone = context_of(
        seat.browser, seat.served, viewport={"width": 320, "height": 640}, has_touch=True
    )
    page = phone.new_page()
    page.goto("/login")
    log_in(page, seat.served.token("viewer"), "Vera")
    for path in PAGES:
        page.goto(path)
        page.evaluate(OPEN_ALL)
        assert too_wide_px(page) == 0, path
    assert not re.search("STOP NOW", page.content()), "a viewer can stop nothing"
    phone.close()
