// Keeps a page up to date: on the server's "changed" it asks for the same page again and puts the
// parts marked data-live in place. Everything works without it. At most one look a second, none
// while nobody sees the page; what somebody is typing in, or has opened, is left as it is.
"use strict";
(() => {
  const EVERY_MS = 1000;
  const ANYWAY_MS = 15000; // without news it looks as well: silence may be a broken line
  const STALE_MS = 30000;
  const PICTURE_MS = 3000;
  const LEAST_MS = 3000;
  if (!document.body.hasAttribute("data-refresh")) return;

  let pressing = false; // a button that is taken away between down and up is not pressed
  let asked = false, busy = false, lastMs = 0, goodMs = Date.now(), source = null, timer = 0;
  const was = new WeakMap(); // a part -> the HTML that it was made of

  const line = document.getElementById("connection");
  function tellConnection() {
    const silent = Date.now() - goodMs;
    const stale = silent > STALE_MS;
    if (stale) {
      const at = new Date(goodMs).toLocaleTimeString();
      const text = "■ Not connected. What you see is from " + at + ".";
      if (line.textContent !== text) line.textContent = text;
    }
    if (line.hidden === stale) line.hidden = !stale;
  }

  function editing(block) {
    const at = document.activeElement;
    return at && block.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
  }

  function pictures(block) { // so that new pictures are there when they are shown
    const waits = [...block.querySelectorAll("img")].map((img) => {
      const one = new Image();
      one.src = img.src;
      return one.decode().catch(() => undefined);
    });
    return Promise.race([Promise.all(waits), new Promise((r) => setTimeout(r, PICTURE_MS))]);
  }

  async function place(block, fresh) {
    const html = fresh.outerHTML;
    if (was.get(block) === html) return;
    const images = (one) => [...one.querySelectorAll("img")].map((img) => img.getAttribute("src")).join();
    if (images(block) !== images(fresh)) await pictures(fresh);
    if (editing(block) || pressing) { asked = true; return; }
    for (const open of block.querySelectorAll("details[open][id]")) {
      const twin = fresh.querySelector("#" + CSS.escape(open.id));
      if (twin) twin.open = true;
    }
    const focus = block.contains(document.activeElement) ? document.activeElement.id : "";
    block.replaceWith(fresh);
    was.set(fresh, html);
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  async function look() {
    const answer = await fetch(location.pathname + location.search, {
      headers: { "x-live": "1", accept: "text/html" }, redirect: "manual", cache: "no-store",
      signal: AbortSignal.timeout(20000),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const block of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(block.id);
      if (fresh) await place(block, document.importNode(fresh, true));
    }
    for (const block of document.querySelectorAll("[data-text]")) {
      const fresh = page.getElementById(block.id);
      if (!fresh) continue;
      if (block.textContent !== fresh.textContent) block.textContent = fresh.textContent;
      if (block.className !== fresh.className) block.className = fresh.className;
    }
    // a part that begins or ends (an experiment starts) changes the page's shape: load it anew
    const shape = (doc) => [...doc.querySelectorAll("[data-live]")].map((b) => b.id).sort().join();
    const old = performance.now() > LEAST_MS; // never in a circle
    const idle = !pressing && !editing(document.body);
    if (old && idle && shape(document) !== shape(page)) location.reload();
    document.title = page.title;
    goodMs = Date.now();
  }

  async function run() {
    if (busy || document.hidden || !asked) return;
    const wait = lastMs + EVERY_MS - Date.now();
    if (wait > 0) { clearTimeout(timer); timer = setTimeout(run, wait); return; }
    busy = true; asked = false; lastMs = Date.now();
    try { await look(); } catch { /* told below when it lasts */ }
    busy = false;
    tellConnection();
    if (asked) run();
  }

  function listen() {
    if (source) return;
    source = new EventSource("/api/v1/events");
    source.addEventListener("changed", () => { asked = true; run(); });
  }

  function seen() {
    if (document.hidden) { source?.close(); source = null; return; }
    asked = true; listen(); run();
  }

  addEventListener("pointerdown", () => { pressing = true; }, true);
  const released = () => { setTimeout(() => { pressing = false; }, 0); }; // after its click
  addEventListener("pointerup", released, true);
  addEventListener("pointercancel", released, true);
  addEventListener("blur", (event) => { if (event.target === window) pressing = false; });
  document.addEventListener("visibilitychange", seen);
  addEventListener("pagehide", () => { source?.close(); source = null; });
  setInterval(() => { if (Date.now() - lastMs > ANYWAY_MS) asked = true; run(); tellConnection(); }, 1000);
  for (const block of document.querySelectorAll("[data-live]")) was.set(block, block.outerHTML);
  document.documentElement.dataset.script = "on"; // for tests: it listens
  seen();
})();
