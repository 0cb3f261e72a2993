"""The manual as written is the interface as it stands: bold words are messages, every page has its parts, its twin."""

import re
from pathlib import Path

import pytest

from fengsui.config.help import checks, hooks, interface
from fengsui.config.ops.home import REPO

MANUAL = REPO / "docs" / "manual"
GUIDES = sorted(REPO.glob("docs/guides/*.md"))
PARTS = {
    "zh": ("什么时候：", "谁来办：", "没人办会怎样", "常犯的错"),
    "en": ("When:", "Who:", "If nobody acts", "Frequent mistakes"),
}
WITHOUT = {
    "README": PARTS,
    "outage": {"zh": PARTS["zh"][:2], "en": PARTS["en"][:2]},
    "find": {"zh": ("没人办会怎样",), "en": ("If nobody acts",)},
}
"""Pages that are no task with an owner, and what they need not have."""


def pages(language: str) -> list[Path]:
    return sorted((MANUAL / language).glob("*.md"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_bold_word_stands_in_the_interface(language):
    wrong = [
        f"{page.name}: {word}"
        for page in [*pages(language), *[each for each in GUIDES if hooks.language_of(each.as_posix()) == language]]
        for word in interface.BOLD.findall(page.read_text("utf-8"))
        if not interface.stands_on_a_page(word, language)
    ]
    assert not wrong, "no page of the product says so (src/fengsui/config/help/interface.py):\n" + "\n".join(wrong)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_task_says_when_who_what_if_not_and_what_goes_wrong(language):
    for page in pages(language):
        text = page.read_text("utf-8")
        left_out = WITHOUT.get(page.stem, {}).get(language, ())
        for part in set(PARTS[language]) - set(left_out):
            assert part in text, (page.name, part)


def test_both_languages_have_the_same_pages_in_the_same_order():
    names = {language: [page.name for page in pages(language)] for language in ("zh", "en")}
    assert names["zh"] == names["en"]
    menu = (REPO / "mkdocs.yml").read_text("utf-8")
    order = {language: re.findall(rf"manual/{language}/(\S+\.md)", menu) for language in ("zh", "en")}
    assert order["zh"] == order["en"]


def test_steps_of_a_task_are_as_many_in_both_languages():
    for page in pages("zh"):
        counts = {
            language: len(re.findall(r"^\d+\. ", (MANUAL / language / page.name).read_text("utf-8"), re.MULTILINE))
            for language in ("zh", "en")
        }
        assert counts["zh"] == counts["en"], page.name


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_link_and_picture_of_the_readme_is_there(name):
    links = re.findall(r"\]\(([^)#\s]+)", (REPO / name).read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (REPO / link).exists()] == []
    assert any(link.endswith(".webp") for link in links)


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("核定，送签发", True),
        ("去核定预警", True),
        ("签发红色预警：某桥", True),
        ("去吃饭", False),
        ("马上核定吧", False),
    ],
)
def test_a_word_stands_on_a_page_when_a_message_says_so(text, stands):
    assert interface.stands_on_a_page(text, "zh") is stands


def test_what_is_built_may_be_served(built):
    assert checks.faults(built) == []


@pytest.mark.parametrize(
    "html",
    ['<p style="color:red">', "<script>go()</script>", '<a onclick="go()">', '<img src="https://example.org/a.png">'],
)
def test_markup_that_the_policy_refuses_is_named(built, html):
    page = {"html": html, "source": "x.md", "twin": "y"}
    assert checks.faults({"pages": {**built["pages"], "x/": page}, "files": {}})


def test_a_picture_that_no_page_shows_is_named(built):
    assert checks.faults({**built, "files": {"images/nobody.webp": 1}}) == [
        "docs/images/nobody.webp: no page shows this picture"
    ]
