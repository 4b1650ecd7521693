"""The handoff report in a real browser."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")

EVIL = "</script><script>document.title='pwned'</script><img src=x onerror=document.title='pwned'>"
New = Callable[..., Any]


@pytest.fixture
def report(
    api: New, new_export: New, new_upload: New, avstar: Any, tmp_path: Path
) -> tuple[Path, list[dict[str, Any]]]:
    path = new_export(300)
    with path.open("a") as file:
        file.write(json.dumps({"SpotID": EVIL, "StationCode": "EVIL", "Duration": EVIL}) + "\n")
    upload = new_upload(api("--fault", "500=0.1"), path)
    assert upload("--max-attempts", "1", "--breaker-failures", "1000").code == 0
    page = tmp_path / "report.html"
    words = ("report", upload.out, "--html", page, "--trace-url", "http://127.0.0.1:9/{trace_id}")
    assert avstar(*words).code == 0
    return page, upload.rows("dead-letters")


@pytest.fixture
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda said: page.complaints.append(said.text))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.on("request", lambda asked: page.complaints.append(asked.url))  # type: ignore[attr-defined]
        yield page
        browser.close()


def opened(page: Page, path: Path) -> None:
    page.goto(path.as_uri())
    assert page.complaints == [path.as_uri()]  # type: ignore[attr-defined]


def shown(page: Page) -> list[str]:
    rows = page.locator("#letters tbody tr:visible")
    return rows.locator("td:nth-child(2)").all_inner_texts()


def test_dead_letters_can_be_searched_and_sorted(
    report: tuple[Path, list[dict[str, Any]]], browser_page: Page
) -> None:
    path, letters = report
    page = browser_page
    opened(page, path)
    lines = [str(letter["line"]) for letter in letters]
    assert shown(page) == lines
    page.get_by_label("Search").fill("field is missing")
    wrong = [str(one["line"]) for one in letters if one["reason"] == "schema"]
    assert shown(page) == wrong
    assert page.get_by_role("status").inner_text() == f"{len(wrong)} of {len(lines)} shown"
    page.get_by_label("Search").fill("")
    head = page.get_by_role("columnheader", name="Line", exact=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert shown(page) == sorted(lines, key=int)
    head.get_by_role("button").click()
    assert shown(page) == sorted(lines, key=int, reverse=True)


def test_markup_in_names_stays_text(
    report: tuple[Path, list[dict[str, Any]]], browser_page: Page
) -> None:
    opened(browser_page, report[0])
    assert browser_page.title().startswith("Handoff report")
    assert browser_page.get_by_role("cell", name=EVIL).count() >= 1
    assert browser_page.locator("img").count() == 0


def test_a_link_leads_to_the_trace_of_its_row(
    report: tuple[Path, list[dict[str, Any]]], browser_page: Page
) -> None:
    path, letters = report
    opened(browser_page, path)
    links = browser_page.locator("#letters a").all()
    traces = [str(link.get_attribute("href")).rpartition("/")[2] for link in links]
    assert len(set(traces)) == len(letters)
    for trace, one in zip(traces, letters, strict=True):
        assert trace == (one["request_id"] or trace)  # what became no spot has a trace as well


def test_it_fits_a_phone_and_a_sheet_of_paper(
    report: tuple[Path, list[dict[str, Any]]], browser_page: Page
) -> None:
    page = browser_page
    page.set_viewport_size({"width": 360, "height": 740})
    opened(page, report[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.emulate_media(media="print")
    assert not page.get_by_label("Search").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) =>
    v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 21;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || node.tagName === "SCRIPT") continue;
    const [one, other] = [parse(getComputedStyle(node).color), behind(node)].map(light);
    least = Math.min(least, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
  }
  return least;
}"""
"""Least contrast of any text, as WCAG computes it."""


def test_everybody_can_read_it(
    report: tuple[Path, list[dict[str, Any]]], browser_page: Page
) -> None:
    page = browser_page
    opened(page, report[0])
    assert page.evaluate(CONTRAST) >= 4.5
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map((h) => h.tagName)")
    assert levels == ["H1", "H2", "H2", "H2", "H2"]
    assert page.evaluate("document.documentElement.lang") == "en"
    bare = "[...document.querySelectorAll('th')].filter((th) => !th.scope).length"
    assert page.evaluate(bare) == 0
    nameless = "[...document.querySelectorAll('table')].filter((t) => !t.caption).length"
    assert page.evaluate(nameless) == 0
    assert page.get_by_role("img", name="Requests over the night").count() == 1
