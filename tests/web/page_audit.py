"""What a person who cannot see the page, or uses no mouse, needs of it; asked of a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

LEAST_CONTRAST = 4.5  # WCAG 2.2 AA for text of any size

# Contrast of every text that is shown, against what is really behind it. Drawings have their own
# colours, which test_page_contrast.py looks at.
_CONTRAST = """least => {
  const ctx = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = (css) => {
    ctx.clearRect(0, 0, 1, 1); ctx.fillStyle = css; ctx.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = ctx.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const found = rgba(getComputedStyle(e).backgroundColor);
      if (found[3] === 1) return found;
    }
    return [255, 255, 255, 1];
  };
  const bad = [];
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest("svg")) continue;
    const parts = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data);
    const text = parts.join("").trim();
    if (!text || !e.checkVisibility() || e.getBoundingClientRect().width < 2) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const what = `<${e.tagName} ${e.className}> ${text.slice(0, 40)}`;
    if (ratio < least) bad.push(`${ratio.toFixed(2)} ${what}`);
  }
  return bad;
}"""

_STRUCTURE = """() => {
  const bad = [];
  const all = (css) => [...document.querySelectorAll(css)];
  const words = (e) => (e.getAttribute("aria-label") || e.textContent
    || e.querySelector("img")?.alt || "").trim();
  const say = (what, e) => bad.push(`${what}: ${e.outerHTML.slice(0, 120)}`);
  if (!document.documentElement.lang) bad.push("no language");
  if (all("main").length !== 1) bad.push("not one main");
  if (all("h1").length !== 1) bad.push("not one h1");
  if (all("body > header, body > footer").length !== 2) bad.push("no banner or no footer");
  for (const e of all("nav, [role=region], [role=group]")) if (!words(e)) say("no name", e);
  for (const e of all("section")) {
    const by = e.getAttribute("aria-labelledby");
    if (!e.getAttribute("aria-label") && !(by && document.getElementById(by))) say("no name", e);
  }
  for (const e of all("a[href], button, summary")) if (!words(e)) say("no words", e);
  for (const e of all("input:not([type=hidden]), select, textarea"))
    if (!e.labels.length && !e.getAttribute("aria-label")) say("no label", e);
  for (const e of all("img")) if (!e.alt) say("no alt", e);
  for (const e of all("svg")) if (!e.closest("[aria-hidden=true]") && e.getAttribute("aria-hidden")
    !== "true" && !e.getAttribute("aria-label")) say("drawing without words", e);
  for (const e of all("table")) if (!e.caption) say("no caption", e);
  for (const e of all("th")) if (!e.scope) say("no scope", e);
  for (const e of all("[tabindex]")) if (e.tabIndex > 0) say("own tab order", e);
  const ids = all("[id]").map((e) => e.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (twice.length) bad.push("ids used twice: " + twice);
  let last = 0;
  for (const e of all("h1, h2, h3, h4")) {
    const level = Number(e.tagName[1]);
    if (level > last + 1) say("a level of headings left out", e);
    last = level;
  }
  return bad;
}"""

_FITS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def structure(page: Page) -> list[str]:
    """What lacks a name, a label, a landmark; [] where all is well."""
    return [str(line) for line in page.evaluate(_STRUCTURE)]


def contrast(page: Page) -> list[str]:
    """Texts with less than 4.5:1."""
    return [str(line) for line in page.evaluate(_CONTRAST, LEAST_CONTRAST)]


def too_wide_px(page: Page) -> int:
    """By how much a page has to be scrolled sideways; 0 for none."""
    return int(page.evaluate(_FITS))


def tab_order(page: Page, most: int) -> list[str]:
    """Words of what the Tab key reaches, from the top, as long as it is on the page."""
    page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
    found: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        found.append(
            page.evaluate(
                "() => { const e = document.activeElement;"
                " return (e.getAttribute('aria-label') || e.labels?.[0]?.textContent"
                " || e.textContent || '').trim().replace(/\\s+/g, ' '); }"
            )
        )
    return found
