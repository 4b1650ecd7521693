"""Take a picture of a page: `python picture.py URL FILE CHROMIUM TEXT`, once it shows the text.

Runs in the environment of Arize Phoenix, which has Playwright beside it.
"""

import sys

from playwright.sync_api import sync_playwright

url, file, chromium, text = sys.argv[1:]
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1400, "height": 800})
    page.goto(url, timeout=120_000)
    page.get_by_text(text).first.wait_for(timeout=120_000)
    page.wait_for_timeout(2000)  # until what moves has come to rest
    page.screenshot(path=file)
    browser.close()
