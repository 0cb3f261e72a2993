"""The first storm as written is the first storm as walked: headings, buttons, pictures, in both languages."""

import re
from pathlib import Path

import pytest

from fengsui.config.tutorial.manual import STEPS as MANUAL_STEPS
from fengsui.config.tutorial.paper import Noted, PaperWalk
from fengsui.config.tutorial.storm import STEPS
from fengsui.config.tutorial.walk import FOLDER, IMAGES, MANUAL

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
PAGES = {"en": TUTORIALS / "first-storm.md", "zh": TUTORIALS / "first-storm.zh-CN.md"}
LIMIT_BYTES = 3_000_000


def written(language: str) -> dict[str, str]:
    """Text under each numbered heading."""
    parts = re.split(r"^## \d+\. (.+)$", PAGES[language].read_text("utf-8"), flags=re.MULTILINE)
    last = re.split(r"^## ", parts[-1], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(zip(parts[1::2], [*parts[2:-1:2], last], strict=True))


def walked(language: str) -> list[Noted]:
    return PaperWalk(language).run(STEPS)


@pytest.fixture(params=["en", "zh"])
def language(request):
    return request.param


def test_headings_are_the_steps_of_the_walk_in_its_order(language):
    assert list(written(language)) == [each.name for each in walked(language)]


def test_every_label_pressed_in_a_step_is_named_in_it_and_every_button_named_is_pressed(language):
    text = written(language)
    for each in walked(language):
        named = set(re.findall(r"\*\*(.+?)\*\*", text[each.name]))
        assert named == {label for label in each.pressed if label}, each.name


def test_every_account_is_named_where_its_window_opens(language):
    text = written(language)
    for each in walked(language):
        for account in each.accounts:
            assert f"`{account}`" in text[each.name], (each.name, account)


def test_each_picture_of_a_step_is_shown_in_it_exists_and_no_other_lies_about(language):
    text, every = written(language), []
    for each in walked(language):
        shown = re.findall(rf"!\[[^\]]+\]\(\.\./images/first-storm/{language}/([a-z-]+)\.webp\)", text[each.name])
        assert shown == each.pictures, each.name
        every += shown
    assert len(every) == len(set(every))
    assert {path.stem for path in (FOLDER / language).glob("*")} == set(every)


def test_every_other_picture_of_the_manual_is_taken_by_the_walk_after_the_storm(language):
    taken = [name for each in PaperWalk(language).run(MANUAL_STEPS) for name in each.pictures]
    assert {path.stem for path in (IMAGES / MANUAL / language).glob("*")} == set(taken)
    shown = "".join(path.read_text("utf-8") for path in (TUTORIALS.parent / "manual" / language).glob("*.md"))
    assert [name for name in taken if f"images/manual/{language}/{name}.webp" not in shown] == []


def test_pictures_together_stay_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < LIMIT_BYTES


def test_each_tutorial_leads_to_the_other_language():
    assert "(first-storm.zh-CN.md)" in PAGES["en"].read_text("utf-8")
    assert "(first-storm.md)" in PAGES["zh"].read_text("utf-8")
