"""The offline copy: unpacked somewhere, opened by a double click, and nothing is missing."""

import re
import zipfile

import pytest
from browsing import listen
from bs4 import BeautifulSoup
from conftest import parsed
from test_build import ADDRESSES, dead_links, file_of

from initexplain.site import packing


@pytest.fixture(scope="module")
def archive(elsewhere):
    return elsewhere / "offline" / "initexplain.zip"


@pytest.fixture(scope="module")
def copy(archive, tmp_path_factory):
    """The folder that a reader gets, below a name with what an address has to escape."""
    downloads = tmp_path_factory.mktemp("down") / "100 % & #1"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(downloads)
    return downloads / "initexplain"


@pytest.fixture(scope="module")
def copied_pages(copy):
    return parsed(copy)


def test_every_page_of_the_site_is_in_the_copy(copied_pages):
    names = {file_of(address) for address in ADDRESSES} - {"404.html"}
    assert set(copied_pages) == {re.sub("/index.html$", ".html", name) for name in names}


def test_every_link_names_a_file_of_the_copy(copy, copied_pages):
    assert dead_links(copy, copied_pages, served=False) == []


def test_a_link_to_a_folder_would_be_found(copy):
    page = BeautifulSoup('<a href="symmetry/">a</a><a href="/">b</a>', "html.parser")
    found = dead_links(copy, {"index.html": page}, served=False)
    assert found == [("index.html", "symmetry/"), ("index.html", "/")]


def test_the_copy_names_no_server(copy, copied_pages):
    for name in copied_pages:
        assert "localhost" not in (copy / name).read_text("utf-8"), name


def test_the_same_folder_gives_the_same_archive(copy, archive, tmp_path):
    again = tmp_path / "again.zip"
    packing.pack(copy, again)  # its files are of today, and those in the archive of 1980
    assert again.read_bytes() == archive.read_bytes()


@pytest.fixture
def opened(browser, copy):
    """Opens pages as files; fails at the end if one complained or looked outside the copy."""
    complaints = []
    page = browser.new_page()
    listen(page, copy.as_uri(), complaints)
    # leaving a page ends what it was still asking for
    page.on("requestfailed", lambda r: r.failure == "net::ERR_ABORTED" or complaints.append(r.url))

    def open_page(name):
        page.goto((copy / name).as_uri(), wait_until="load")
        return page

    yield open_page
    page.close()
    assert complaints == []


def test_every_kind_of_page_opens_as_a_file(opened, copied_pages):
    alike = [name for name in copied_pages if name.startswith("reference/")][2:]
    for name in copied_pages.keys() - set(alike):
        page = opened(name)
        styled = "getComputedStyle(document.querySelector('.md-header')).position"
        assert page.evaluate(styled) == "sticky", name


def test_search_works_in_a_file_and_leads_to_a_file(opened, copy):
    page = opened("scale/linear-region.html")
    page.keyboard.press("f")
    page.keyboard.type("freeze or clone")
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url(f"{copy.as_uri()}/symmetry/freeze-or-clone.html*")
    assert page.locator("h1").inner_text().startswith("Freeze or clone")


def test_palette_and_math_font_work_in_a_file(opened):
    page = opened("scale/linear-region.html")
    page.evaluate("document.fonts.ready")
    fonts = page.evaluate("[...document.fonts].map(font => [font.family, font.status])")
    assert ["initexplain math", "loaded"] in fonts
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.locator("label[for='__palette_1']").click()
    after = page.evaluate(ground)
    assert after != before
    assert opened("index.html").evaluate(ground) == after
