"""What the live page has to be: told by itself, loud where something explodes, hard to lose, safe.

    KEEL_COMMAND=.build/release/keel python -m pytest Tests/Web/test_live.py        (make test-web)

KEEL_TORCH names an interpreter that has PyTorch; KEEL_SLEEP how many seconds a page is asleep.
"""
from __future__ import annotations

import http.server
import os
import re
import threading
from pathlib import Path
from typing import Iterator, get_args

import pytest
from playwright.sync_api import Page, expect

import live
from browser import Browser, Scheme
from live import Live

SLEEP = float(os.environ.get("KEEL_SLEEP", "20"))
# An update comes within seconds; a training on a busy machine takes longer.
SOON, LATER = 30_000, 120_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # A name that somebody else owns, and has pointed at this machine.
    with Browser("--host-resolver-rules=MAP evil.example 127.0.0.1") as one:
        yield one


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Live]:
    with live.served(tmp_path) as one:
        yield one


def mark(page: Page) -> None:
    """What a reload would forget."""
    page.evaluate("() => { window.wasHere = true }")


def was_not_loaded_again(page: Page) -> bool:
    return page.evaluate("() => window.wasHere === true") is True


def expect_live(page: Page) -> None:
    expect(page.locator("#link")).to_have_text("live", timeout=SOON)


def test_an_explosion_is_seen_as_it_happens(browser: Browser, served: Live) -> None:
    with browser.visit(served.url) as visit:
        page = visit.page
        expect(page.locator("#runs")).to_contain_text("No run is on record yet")
        mark(page)
        expect_live(page)
        served.start("diagnose", "poor-initialization.yaml")
        alarm = page.locator("#alarm a")
        expect(alarm).to_contain_text(re.compile(r"poor-initialization exploded at step \d+ in \w"),
                                      timeout=LATER)
        expect(page).to_have_title(re.compile("^✗ poor-initialization exploded"))
        expect(page.locator("#alarm")).to_contain_text(": poor-initialization", timeout=LATER)
        assert was_not_loaded_again(page) and not visit.complaints
        alarm.click()
        expect(page.locator("#cause")).to_contain_text("poor-initialization", timeout=LATER)
        assert page.locator("figure").count() >= 3


@pytest.mark.skipif(not live.has_torch(), reason="PyTorch is not there: name it in KEEL_TORCH")
def test_a_watched_training_is_seen_as_it_happens(browser: Browser, served: Live) -> None:
    with browser.visit(served.url) as visit:
        page = visit.page
        mark(page)
        served.watch(rate=0.4, steps=200)
        expect(page.locator("#runs")).to_contain_text("train.py", timeout=LATER)
        alarm = page.locator("#alarm a")
        expect(alarm).to_contain_text(re.compile(r"train.py exploded at step \d+ in \w"),
                                      timeout=LATER)
        assert was_not_loaded_again(page)
        alarm.click()
        expect(page.locator("#why")).to_contain_text("suspect", timeout=SOON)
        expect(page.locator("#why")).to_contain_text("large-learning-rate")
        assert page.locator("figure").count() >= 2


def test_a_cure_is_seen_as_it_goes_on(browser: Browser, served: Live) -> None:
    served.start("cure", "long-recurrence.yaml")
    with browser.visit(served.url) as visit:
        page = visit.page
        link = page.locator("#runs th a").first
        expect(link).to_have_text("long-recurrence", timeout=LATER)
        link.click()
        mark(page)
        expect(page.locator("#verdict")).to_contain_text("cured by", timeout=LATER)
        expect(page.locator("#alarm")).to_be_empty()
        expect(page.locator("#change")).to_contain_text("Change")
        assert was_not_loaded_again(page)


def test_the_page_outlives_the_server(browser: Browser, served: Live) -> None:
    with browser.visit(served.url) as visit:
        page = visit.page
        mark(page)
        expect_live(page)
        assert served.end() == 130
        expect(page.locator("#link")).to_contain_text("not connected", timeout=SOON)
        served.keel("train", "large-learning-rate.yaml")
        served.begin()
        expect(page.locator("#alarm")).to_contain_text("large-learning-rate exploded", timeout=SOON)
        expect_live(page)
        assert was_not_loaded_again(page)


def test_the_page_outlives_sleep(browser: Browser, served: Live) -> None:
    with browser.visit(served.url) as visit:
        page = visit.page
        mark(page)
        expect_live(page)
        page.context.set_offline(True)
        page.evaluate("() => window.stop()")
        served.keel("train", "large-learning-rate.yaml")
        page.wait_for_timeout(SLEEP * 1000)
        page.context.set_offline(False)
        expect(page.locator("#alarm")).to_contain_text("large-learning-rate exploded", timeout=SOON)
        expect_live(page)
        assert was_not_loaded_again(page)


def test_what_somebody_has_reached_stays(browser: Browser, served: Live) -> None:
    """Marked boxes, the focus and opened numbers are the same after an update."""
    served.keel("train", "large-learning-rate.yaml")
    with browser.visit(served.url) as visit:
        page = visit.page
        expect_live(page)
        box = page.locator("#runs input").first
        box.check()
        served.keel("train", "large-learning-rate-cured.yaml")
        expect(page.locator("#runs tbody tr")).to_have_count(2, timeout=SOON)
        assert page.locator("#runs input:checked").count() == 1
        value = page.locator("#runs input:checked").get_attribute("value")
        assert page.evaluate("() => document.activeElement.tagName") == "INPUT"
        assert page.evaluate("() => document.activeElement.value") == value


def test_keyboard_alone(browser: Browser, served: Live) -> None:
    for recipe in ("large-learning-rate", "large-learning-rate-cured"):
        served.keel("train", f"{recipe}.yaml")
    with browser.visit(served.url) as visit:
        page = visit.page
        for _ in range(2):
            reach(page, "e => e.type === 'checkbox' && !e.checked")
            page.keyboard.press("Space")
        reach(page, "e => e.tagName === 'BUTTON'")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("2 runs")
        expect(page.locator("#change")).to_contain_text("learning-rate")
        reach(page, "e => e.getAttribute('href')?.startsWith('/run')")
        page.keyboard.press("Enter")
        expect(page.locator("#about")).to_contain_text("typed")


def reach(page: Page, what: str) -> None:
    """Goes on with the tabulator until it is there, and can be seen to be."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(f"() => ({what})(document.activeElement)"):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"the keyboard does not reach {what}")


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_in_the_way_of_anybody(
    browser: Browser, served: Live, scheme: Scheme, width: int
) -> None:
    for recipe in ("large-learning-rate", "large-learning-rate-cured"):
        served.keel("train", f"{recipe}.yaml")
    with browser.visit(served.url, scheme=scheme, width=width) as visit:
        runs = visit.page.locator("#runs input")
        ids = [runs.nth(place).get_attribute("value") for place in range(2)]
    for path in ("/", f"/run?id={ids[1]}", f"/compare?run={ids[0]}&run={ids[1]}", "/nothing"):
        # axe-core is brought in past the page's policy.
        with browser.visit(served.url + path, scheme=scheme, width=width, policy=False) as visit:
            visit.open_details()
            grave = [v for v in visit.violations() if v["impact"] in ("serious", "critical")]
            assert not grave, (path, [(v["id"], v["nodes"][0]["html"]) for v in grave])
            wide = visit.ask("() => document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path


HOSTILE = '''<img src=x onerror=alert(1)><script>alert(2)</script>"' onload="alert(3)'''


def test_nothing_on_the_page_runs(browser: Browser, served: Live) -> None:
    recipe = (served.folder / "large-learning-rate.yaml").read_text()
    name = HOSTILE.replace("/", "").replace('"', "")
    (served.folder / f"{name}.yaml").write_text(recipe)
    served.keel("train", f"{name}.yaml")
    folder = served.folder / ".keel" / "live"
    folder.mkdir(parents=True, exist_ok=True)
    quoted = HOSTILE.replace('"', '\\"')
    lines = [f'{{"engine": "{quoted}", "name": "{quoted}", "began": 1, "layers": ["{quoted}"]}}']
    lines += [
        f'{{"step": {step}, "loss": {4 ** step}, "gradientNorm": 1, "learningRate": 1, '
        f'"layers": {{"{quoted}": {{"gradient": 1}}}}}}' for step in range(40)
    ]
    first = f'{{"module": "{quoted}", "pass": "forward", "kind": "invalid", "step": 39}}'
    lines.append(f'{{"step": 39, "first": {first}}}')
    (folder / "hostile.jsonl").write_text("\n".join(lines) + "\n")
    with browser.visit(served.url) as visit:
        page = visit.page
        expect(page.locator("#runs tbody tr")).to_have_count(2, timeout=SOON)
        links = [page.locator("#runs th a").nth(place).get_attribute("href") for place in (0, 1)]
        for link in links:
            page.goto(served.url + str(link))
            expect_live(page)
        page.goto(served.url + "/compare?" + "&".join(str(link).replace("/run?id", "run")
                                                      for link in links))
        expect_live(page)
        assert not visit.dialogs and page.locator("img, main script").count() == 0
        assert all(request.startswith(served.url) for request in visit.requests)
        # A policy that had to step in would have said so.
        assert not visit.complaints


def test_a_name_that_is_pointed_here_is_refused(browser: Browser, served: Live) -> None:
    """DNS rebinding: a page of another name, which has become this machine's."""
    with browser.visit(f"http://evil.example:{served.port}/", policy=False) as visit:
        assert "another name" in visit.page.content()
        for path in ("/", "/events", "/style.css"):
            status = visit.ask("path => fetch(path).then(r => r.status)", path)
            assert status == 421, path


def test_another_site_reads_nothing(served: Live, browser: Browser) -> None:
    """A page on another port of this machine asks for everything there is."""
    served.keel("train", "large-learning-rate.yaml")

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>another</title>")

        def log_message(self, *words: object) -> None:
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        with browser.visit(f"http://127.0.0.1:{site.server_port}/") as visit:
            for path in ("/", "/events", "/live.js"):
                read = visit.ask(
                    """url => fetch(url).then(r => r.text()).then(t => t, () => null)""",
                    served.url + path)
                assert read is None, path
            heard = visit.ask(
                """url => new Promise(done => { const s = new EventSource(url);
                     s.onmessage = s.onopen = () => done('heard');
                     s.onerror = () => done('nothing') })""", served.url + "/events")
            assert heard == "nothing"
            framed = visit.ask(
                """url => new Promise(done => { const f = document.createElement('iframe');
                     f.src = url; f.onload = () => { let t = ''; try { t = f.contentDocument.title }
                       catch { t = 'closed' } done(t) }; document.body.append(f) })""", served.url)
            assert framed in ("", "closed")
    finally:
        site.shutdown()


def test_without_scripts_it_is_a_page(browser: Browser, served: Live) -> None:
    served.keel("train", "large-learning-rate.yaml")
    with browser.visit(served.url, scripts=False) as visit:
        page = visit.page
        expect(page.locator("#alarm")).to_contain_text("large-learning-rate exploded")
        page.locator("#runs th a").first.click()
        expect(page.locator("figure").first).to_be_visible()
