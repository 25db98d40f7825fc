"""Make the pictures of the page: a film of dividing cells on the simulated scope, as people see it.

python docs/page_pictures.py          (two minutes; needs Chromium; for maintainers)
"""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pictures import CHROMIUM, COLOURS, IMAGES
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from sim.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

WORDS = (
    "Film dividing cells in P1 to P6, DAPI and FITC, every 2 minutes for 12 hours; when a cell"
    " divides, every 20 seconds for half an hour. At most 1 J/cm2 of light on each field."
)
CHANGE = "every 4 minutes from now on"
PATIENCE_MS = 120_000
DESK, PHONE = {"width": 1280, "height": 970}, {"width": 390, "height": 844}
LOOKS_BEFORE = 20  # visits, so that there is something to see


class _Hears(http.server.BaseHTTPRequestHandler):
    """Where the messages go."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quietly."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """A service with somebody to tell; its address and the operator's token."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Hears) as hears:
        threading.Thread(target=hears.serve_forever, daemon=True).start()
        scenario = load_scenario("mitosis_night").model_dump(mode="json")
        scenario["specimen"] |= {"cycling": 0.6, "cycle_h": 12}  # more of them divide
        (folder / "dish.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
        url = f"json://127.0.0.1:{hears.server_port}/"
        settings = {
            "simulated": {"scenario": str(folder / "dish.yaml"), "pace": 30},
            "messages": {"targets": [{"name": "lab", "url": url}]},
            "web": {"port": 0},
        }
        (folder / "service.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        home = folder / "home"
        command = [sys.executable, "-m", "agent.cli.main", "serve", "--home", str(home)]
        process = subprocess.Popen([*command, "--config", str(folder / "service.yaml")])
        try:
            while not (home / "service.json").exists():
                if process.poll() is not None:
                    sys.exit("the service does not begin")
                time.sleep(0.1)
            address = json.loads((home / "service.json").read_text(encoding="utf-8"))["url"]
            yield address, (home / "operator.token").read_text(encoding="utf-8").split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            hears.shutdown()


def main() -> None:
    """Write docs/images/page_*.png."""
    browser_at = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if browser_at is None:
        sys.exit("no Chromium found: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as (url, token),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_at, args=["--no-sandbox"])
        context = browser.new_context(
            base_url=url, viewport=DESK, color_scheme="dark", reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Your name").fill("Ada")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        submit(page)
        film(page)
        state = context.storage_state()
        phone = browser.new_context(
            base_url=url, viewport=PHONE, storage_state=state, has_touch=True, is_mobile=True,
            device_scale_factor=2, reduced_motion="reduce",
        )  # fmt: skip
        small = phone.new_page()
        small.goto("/")
        until(small, "document.querySelector('#frames img')?.naturalWidth > 0")
        shoot(small, "phone")
        change(page)
        browser.close()


def submit(page: Page) -> None:
    """The plan, as it is shown for approval."""
    page.goto("/submit")
    page.get_by_label("Say in plain words what to do").fill(WORDS)
    page.get_by_role("button", name="Make a plan of it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This is the plan")
    shoot(page, "plan", full=True)
    page.get_by_label("Name").fill("Dividing cells, dish 12")
    page.get_by_role("button", name="Approve: into the queue").click()
    expect(page.locator("#note")).to_contain_text("experiment 1")


def film(page: Page) -> None:
    """The page while a field is filmed fast, in every look; the experiment's own page."""
    page.goto("/")
    page.locator("#attend").click()
    page.goto("/")
    expect(page.locator("#lately")).to_contain_text("fast imaging started")
    until(
        page,
        "Number([...document.querySelectorAll('#numbers dt')].find((e) => e.textContent"
        f" === 'Visits made')?.nextElementSibling.textContent) >= {LOOKS_BEFORE}",
    )
    expect(page.locator("#frames")).to_contain_text("in focus")
    shoot(page, "now")
    for look, name in (("red", "red"), ("dark", "")):
        page.locator("#you summary").click()
        page.locator(f"button[name=look][value={look}]").click()
        expect(page.locator("html")).to_have_attribute("data-look", look)
        if name:
            shoot(page, name)
    page.goto("/experiments/1")
    shoot(page, "experiment")
    shoot(page, "plots", of=page.locator("#plots"))


def change(page: Page) -> None:
    """A change in words, before it is approved."""
    page.goto("/")
    page.get_by_label("Tell a change").fill(CHANGE)
    page.get_by_role("button", name="Show what would change").click()
    card = page.get_by_role("region", name="Change 1")
    card.wait_for()
    shoot(page, "change", of=card)


def until(page: Page, true: str) -> None:
    """Wait; `wait_for_function` would evaluate in the page, which the page's policy forbids."""
    ends_s = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(true):
        if time.monotonic() > ends_s:
            sys.exit(f"it does not come true: {true}")
        time.sleep(0.1)


def shoot(page: Page, name: str, *, full: bool = False, of: object = None) -> None:
    """A picture of few colours, so that the file stays small; its pictures are there."""
    until(page, "[...document.images].every((i) => i.complete && i.naturalWidth)")
    path = IMAGES / f"page_{name}.png"
    if of is not None:
        of.screenshot(path=path)  # type: ignore[attr-defined]
    else:
        page.screenshot(path=path, full_page=full)
    shot = Image.open(path).convert("RGB")
    shot.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    print(f"{path}: {path.stat().st_size // 1000} kB, {shot.width} x {shot.height}")


if __name__ == "__main__":
    main()
