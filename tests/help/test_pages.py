"""`/help/`: open to everybody, one page for each page of the product, under the platform's own content policy."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver

from fengsui.core.help import site

TABLE = Path(__file__).parents[1] / "contracts" / "urls_by_role.txt"
NO_PAGE = re.compile(
    r"(-part|-layer|-lane|-marks|-editor|-facets|-data|-csv|-xlsx|-json|-export|-template|-xml|-atom|-index|-cap|-chart|-series|-ways|-teams|-faults"
    r"|-paper|-words|-pdf|^maps:(tile|raster)-show|^desk:map-(state|find|select)|^healthz|^metrics|^live-state|^app-manifest"
    r"|^service-worker|^desk:phone-report|^desk:alarm-show|^people:screen-open|-facets|-lane|-marks|^ledger:cell-(editor|history)"
    r"|^alerts:feed-warnings|^command:photo-show|^desk:map-warnings|^reviews:paper-show)$"
)
"""Answers that are no page of their own: fragments, data, files."""
ELSEWHERE = {"ui:gallery", "ui:gallery-page", "help:home", "help:for-page"}
"""Pages for those who build pages; addresses that only lead on."""


def names(found=None, space=""):
    for each in get_resolver().url_patterns if found is None else found:
        if getattr(each, "app_name", "") == "ninja":
            continue
        if hasattr(each, "url_patterns"):
            yield from names(each.url_patterns, each.app_name or space)
        elif each.name:
            yield f"{space}:{each.name}" if space else each.name


def test_every_page_of_the_product_has_its_page_in_the_manual():
    read = {line.split()[1] for line in TABLE.read_text().splitlines() if line.startswith("GET ")}
    wanted = {name for name in read if not NO_PAGE.search(name)} - ELSEWHERE
    assert wanted - set(site.topics()) == set(), "say in src/fengsui/core/help/pages.yaml what explains them"
    assert set(site.topics()) - set(names()) == set(), "no page has these names any more"


def test_every_page_that_is_named_exists_in_both_languages(built):
    for name in site.topics():
        for language in ("zh-hans", "en"):
            assert site.page_for(name, language) in built["pages"], (name, language)


@pytest.mark.django_db
def test_anybody_reads_a_page_when_not_logged_in(served):
    answer = Client().get("/help/manual/zh/warn/")
    assert answer.status_code == 200
    assert "核定，送签发" in answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "where"), [("zh-hans", "/help/manual/zh/"), ("en", "/help/manual/en/")])
def test_the_front_page_is_in_the_readers_language(served, language, where):
    assert Client(headers={"Accept-Language": language}).get("/help/").headers["Location"] == where


@pytest.mark.django_db
def test_help_of_a_page_leads_to_what_explains_it(served):
    client = Client(headers={"Accept-Language": "en"})
    assert client.get("/help/for/alerts:warning-show").headers["Location"] == "/help/manual/en/warn/"
    assert client.get("/help/for/no-such-page").headers["Location"] == "/help/manual/en/"


@pytest.mark.django_db
def test_every_page_and_every_link_in_it_answers(served, built):
    client, asked = Client(), {}

    def status(where: str) -> int:
        if where not in asked:
            asked[where] = client.get(where, follow=True).status_code
        return asked[where]

    dead = []
    for where in built["pages"]:
        text = client.get(f"/help/{where}").content.decode()
        for link in re.findall(r'(?:href|src)="(/help/[^"#?]*|(?!/|#|[a-z]+:)[^"]+)', text):
            target = link if link.startswith("/") else _joined(f"/help/{where}", link.partition("#")[0])
            if status(target) != 200:
                dead.append(f"{where}: {link}")
    assert not dead, "\n".join(dead)
    assert len(asked) > len(built["pages"])


def _joined(base: str, link: str) -> str:
    from urllib.parse import urljoin

    return urljoin(base, link)


@pytest.mark.django_db
def test_a_picture_is_served_and_nothing_beside_the_guides(served):
    client = Client()
    picture = client.get("/help/images/first-storm/zh/rising-desk.webp")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/webp")
    assert b"".join(picture.streaming_content)[:4] == b"RIFF"
    for guess in ("help.json", "../secret_key", "%2e%2e/secret_key", "images/", "manual/zh/nothing/"):
        assert client.get(f"/help/{guess}").status_code == 404, guess


@pytest.mark.django_db
def test_a_page_in_english_only_says_so_to_a_chinese_reader(served):
    text = Client(headers={"Accept-Language": "zh-hans"}).get("/help/explanation/roads/").content.decode()
    assert "这一页只有英文" in text


@pytest.mark.django_db
def test_without_a_build_the_page_says_what_to_run(settings, tmp_path):
    settings.FENGSUI_HELP = tmp_path / "nothing"
    answer = Client().get("/help/manual/zh/")
    assert answer.status_code == 404
    assert "./fengsui guides" in answer.content.decode()
