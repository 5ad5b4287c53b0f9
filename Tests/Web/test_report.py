"""What a report has to be where it is read: whole, legible, safe, quick, and in need of nothing.

    KEEL_COMMAND=.build/release/keel python -m pytest Tests/Web        (make test-web)
"""
from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, get_args

import pytest

import reports
from browser import Browser, Scheme, Visit

MOST_BYTES = 2_000_000
MOST_SECONDS = 2.0

# The blocks of a report in the order in which they stand on it, and what they are told by.
BLOCKS: Dict[str, str] = {
    "verdict": "h1", "cause": "h2:text-is('Cause')", "pictures": "figure",
    "change": "h2:text-is('Change')", "not known": "h2:text-is('Not known')",
    "next": "h2:text-is('Next')",
}

# What lies beyond the window though no box scrolls it.
BEYOND = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.keel-scroll') || e.matches('.keel-scroll'))
  .filter(e => e.getClientRects().length)
  .filter(e => { const r = e.getBoundingClientRect();
                 return r.left < -0.5 || r.right > innerWidth + 0.5 })
  .map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)"""

# Names and numbers of a picture that lie upon one another. A line of text is taken by its letters,
# without the space over and under them; a slanting one has no box that says where it is.
COLLISIONS = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const boxes = [...svg.querySelectorAll('text')].filter(t => t.getCTM().b === svg.getCTM().b)
    .map(t => { const r = t.getBoundingClientRect(), shrink = r.height * 0.2;
      return {text: t.textContent, left: r.left + 0.5, right: r.right - 0.5,
              top: r.top + shrink, bottom: r.bottom - shrink} });
  return boxes.flatMap((a, i) => boxes.slice(i + 1)
    .filter(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
    .map(b => `${svg.querySelector('title').textContent}: ${a.text} | ${b.text}`)) })"""

# Names and numbers that the edge of their picture cuts.
CUT = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const edge = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
      return r.left < edge.left - 0.5 || r.right > edge.right + 0.5
        || r.top < edge.top - 0.5 || r.bottom > edge.bottom + 0.5 })
    .map(t => `${svg.querySelector('title').textContent}: ${t.textContent}`) })"""

# What has the focus, whether for the first time, and whether that is to be seen.
FOCUS = """() => {
  const e = document.activeElement, isNew = !('reached' in e.dataset), s = getComputedStyle(e);
  e.dataset.reached = '';
  return [e.tagName, isNew, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0] }"""


def none(faults: Iterable[str]) -> None:
    found = list(faults)
    assert not found, "\n".join([f"{len(found)} faults", *found])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="session", params=list(reports.KINDS))
def name(request: Any) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def report(name: str, tmp_path_factory: Any) -> Path:
    return reports.write(name, tmp_path_factory.mktemp(name))


def test_shows_everything_without_scripts(browser: Browser, report: Path, name: str) -> None:
    kind = reports.KINDS[name]
    with browser.visit(report, scripts=False) as visit:
        tops = {block: top(visit, told) for block, told in BLOCKS.items()
                if visit.page.locator(told).count()}
        assert list(tops) == blocks(kind)
        assert list(tops.values()) == sorted(tops.values())
        text = visit.page.inner_text("main")
        assert kind.verdict in visit.page.inner_text("h1")
        assert kind.cause is None or kind.cause in text
        pictures = visit.page.locator("svg")
        assert pictures.count() >= 3
        assert all(picture.is_visible() for picture in pictures.all())
        assert visit.page.locator("script").count() == 0


def blocks(kind: reports.Kind) -> List[str]:
    if kind.is_training:
        return ["verdict", "pictures", "not known", "next"]
    return list(BLOCKS) if kind.cause else ["verdict", "pictures"]


def top(visit: Visit, selector: str) -> float:
    return float(visit.page.locator(selector).first.evaluate("e => e.getBoundingClientRect().top"))


@pytest.mark.parametrize("width, zoom", [(1280, 1), (1280, 2), (400, 1), (400, 2)])
def test_fits_the_window(browser: Browser, report: Path, width: int, zoom: float) -> None:
    with browser.visit(report, width=width, zoom=zoom) as visit:
        visit.open_details()
        assert visit.ask("() => document.scrollingElement.scrollWidth - innerWidth") <= 0
        none(visit.ask(BEYOND))


@pytest.mark.parametrize("width", [1280, 400])
def test_names_lie_apart(browser: Browser, report: Path, width: int) -> None:
    with browser.visit(report, width=width) as visit:
        none(visit.ask(COLLISIONS))
        none(visit.ask(CUT))


def test_prints_whole(browser: Browser, report: Path, tmp_path: Path) -> None:
    with browser.visit(report, scheme="dark") as visit:
        titles = visit.page.locator("svg > title").all_text_contents()
        labels = visit.page.locator("svg text").all_text_contents()
        visit.print(tmp_path / "report.pdf")
    text = printed(tmp_path / "report.pdf")
    assert text.count("\f") > 0
    read = letters(text)
    none(text for text in titles + labels if letters(text) not in read)


def test_is_light_on_paper(browser: Browser, report: Path) -> None:
    with browser.visit(report, width=718, scheme="dark") as visit:
        visit.page.emulate_media(media="print", color_scheme="dark")
        assert background(visit) == "rgb(255, 255, 255)"
        assert visit.ask("() => document.scrollingElement.scrollWidth - innerWidth") <= 0
        # On paper nothing scrolls.
        none(visit.ask("""() => [...document.querySelectorAll('.keel-scroll')]
          .filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"""))


def printed(path: Path) -> str:
    """The text of a PDF, a form feed after each page."""
    return subprocess.run(
        ["pdftotext", "-raw", path, "-"], check=True, capture_output=True, text=True).stdout


def letters(text: str) -> str:
    """The text without what a printer sets otherwise: ligatures, high digits, spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def test_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    alone = Path(shutil.copy(report, tmp_path / "alone.html"))
    with browser.visit(alone) as visit:
        visit.open_details()
        visit.page.wait_for_timeout(200)
        assert visit.requests == [alone.as_uri()]
        assert visit.complaints == []
        assert visit.dialogs == []


def test_policy_lets_nothing_in(browser: Browser, report: Path, tmp_path: Path) -> None:
    """The policy is no mere text: a script and a picture that get into the page do nothing."""
    spoiled = tmp_path / "spoiled.html"
    spoiled.write_text(report.read_text().replace(
        "</main>", "<script>alert(1)</script><img src='other.png' onerror='alert(2)'></main>"))
    with browser.visit(spoiled) as visit:
        visit.page.wait_for_timeout(200)
        assert visit.dialogs == []
        assert set(visit.requests) - set(visit.refused) == {spoiled.as_uri()}
        assert len(visit.complaints) >= 2


def test_is_small_and_quick(browser: Browser, report: Path) -> None:
    assert report.stat().st_size < MOST_BYTES
    with browser.visit(report) as visit:
        assert visit.seconds < MOST_SECONDS


def test_is_dark_where_the_reader_is(browser: Browser, report: Path) -> None:
    seen = {}
    for scheme in get_args(Scheme):
        with browser.visit(report, scheme=scheme) as visit:
            seen[scheme] = background(visit), visit.ask(
                "() => getComputedStyle(document.querySelector('svg .bg')).fill")
    for light, dark in zip(seen["light"], seen["dark"]):
        assert brightness(light) > 200 and brightness(dark) < 60


def background(visit: Visit) -> str:
    return str(visit.ask("() => getComputedStyle(document.body).backgroundColor"))


def brightness(colour: str) -> float:
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    return sum(parts) / len(parts)


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", [1280, 400])
def test_is_accessible(browser: Browser, report: Path, scheme: Scheme, width: int) -> None:
    with browser.visit(report, width=width, scheme=scheme, policy=False) as visit:
        visit.open_details()
        none(f"{found['id']} ({found['impact']}): {node['target']}"
             for found in visit.violations() if found["impact"] in ("serious", "critical")
             for node in found["nodes"])


def test_keyboard_reaches_everything(browser: Browser, report: Path) -> None:
    with browser.visit(report, width=400) as visit:
        unseen = walk(visit)
        assert visit.page.locator("details[open]").count() == visit.page.locator("details").count()
        none(unseen)
        assert visit.page.locator("summary:not([data-reached])").count() == 0
        assert visit.page.locator(".keel-scroll:not([data-reached])").count() == 0


def walk(visit: Visit) -> List[str]:
    """Goes through the page by Tab and opens what can be opened; what got the focus without a mark
    that shows it."""
    unseen: List[str] = []
    for _ in range(200):
        visit.page.keyboard.press("Tab")
        tag, is_new, is_seen = visit.ask(FOCUS)
        if tag == "BODY" or not is_new:
            return unseen
        if not is_seen:
            unseen.append(visit.ask("() => document.activeElement.outerHTML.slice(0, 80)"))
        if tag == "SUMMARY":
            visit.page.keyboard.press("Enter")
    return unseen


def test_keyboard_scrolls_pictures(browser: Browser, report: Path) -> None:
    with browser.visit(report, width=400) as visit:
        picture = visit.page.locator("figure > .keel-scroll").first
        picture.focus()
        for _ in range(20):
            visit.page.keyboard.press("ArrowRight")
        visit.page.wait_for_timeout(300)
        assert picture.evaluate("e => e.scrollLeft") > 0


HOSTILE = '" <script>alert(1)</script> \u202e \x1b[31m \x07 </title></style>' + "x<b>&" * 2000
SPELT = {'"': '\\"', "\u202e": "\\u202E", "\x1b": "\\e", "\x07": "\\a"}


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    spelt = "".join(SPELT.get(letter, letter) for letter in HOSTILE)
    sound = (reports.CHECKOUT / "Recipes/large-learning-rate.yaml").read_text()
    recipe = folder / "hostile.yaml"
    recipe.write_text(
        re.sub(r"^name: .*$", lambda _: f'name: "{spelt}"', sound, flags=re.M))
    return reports.page(recipe, folder / "hostile.html", folder / "hostile.sqlite")


def test_names_cannot_do_anything(browser: Browser, hostile: Path) -> None:
    text = hostile.read_text()
    assert not [f"U+{ord(c):04X}" for c in set(text) if c in "\u202e\x1b\x07"]
    with browser.visit(hostile, width=400, policy=False) as visit:
        visit.open_details()
        visit.page.wait_for_timeout(200)
        assert visit.dialogs == [] and visit.complaints == []
        assert visit.page.locator("script, b").count() == 0
        assert visit.page.locator("style").count() == 1
        assert "<script>alert(1)</script>" in visit.page.inner_text("h1")
        assert len(visit.page.inner_text("h1")) < 200
        assert len(visit.page.title()) < 200
        assert visit.ask("() => document.scrollingElement.scrollWidth - innerWidth") <= 0
        none(visit.ask(COLLISIONS))
