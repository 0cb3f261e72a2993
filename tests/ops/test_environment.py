"""The documented table, the declared variables and those the code reads are the same."""

import re

from fengsui.config.ops import environment
from fengsui.config.ops.home import REPO

READ = re.compile(
    r"""environ(?:\.get|\.setdefault|\.pop)?[\[(]\s*["'](FENGSUI_[A-Z_]+)["']|getenv\(\s*["'](FENGSUI_[A-Z_]+)["']"""
)


def names_read() -> set[str]:
    found = set()
    for path in [*(REPO / "src").rglob("*.py"), REPO / "fengsui"]:
        if "tests" in path.parts:
            continue
        text = path.read_text()
        found |= {one or two for one, two in READ.findall(text)}
        if path.name == "fengsui":
            found |= set(re.findall(r"\$\{?(FENGSUI_[A-Z_]+)", text))
    return found


def test_every_variable_the_code_reads_is_declared():
    assert names_read() - {each.name for each in environment.VARIABLES} == set()


def test_page_lists_exactly_the_declared_variables():
    page = (REPO / "docs/reference/environment.md").read_text()
    assert re.findall(r"^\| `(FENGSUI_[A-Z_]+)`", page, re.M) == [each.name for each in environment.VARIABLES]


def test_page_is_current_when_generated_again():
    assert (REPO / "docs/reference/environment.md").read_text() == environment.table()


def test_variables_have_words_in_both_languages_and_one_name():
    names = [each.name for each in environment.VARIABLES]
    assert len(set(names)) == len(names)
    assert all(each.zh and each.en for each in environment.VARIABLES)
