"""How names are written into the index and how questions are: Chinese, pinyin, initials, English. Pure.

A trigram index finds what shares three characters; Chinese names and initials are often shorter. So they are written
with every character three times: 洞桥 becomes 洞洞洞桥桥桥, and a search for two characters, or for one, is still an
exact search for part of a text that the index answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin

CHINESE = re.compile(r"[\u3400-\u9fff]")
RUN = re.compile(r"[a-z]+(?: [a-z]+)*|[\u3400-\u9fff]+")
"""What is looked for by likeness: letters, words of one English name, Chinese. Numbers are right or another thing's."""
PART = re.compile(r"[a-z]+|[\u3400-\u9fff]+|[0-9]+")
SHORT = 2
"""Latin letters up to this many are looked for in initials, codes and titles only, not inside words."""
TERMS = 6
SHORT_SLIP, LONG_SLIP = 12, 18
FUZZY = 3
"""A question of fewer characters is too short to be taken for a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question: `whole` as tripled text, `plain` as pinyin, word or code; `sound` is a guess by sound."""

    whole: str
    plain: str = ""
    sound: str = ""


def folded(text: str) -> str:
    """Full width becomes half width, capitals small, spaces one."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def tripled(text: str) -> str:
    return "".join(each * 3 for each in folded(text) if not each.isspace())


@lru_cache(maxsize=20_000)
def pinyin(text: str) -> tuple[str, str]:
    """(full pinyin without tones, initials) of a text; what is not Chinese stands as it is. 'ü' is written v."""
    parts = lazy_pinyin(folded(text), v_to_u=False)
    full = "".join("".join(parts).split())
    initials = "".join(part if len(part) > 1 and not part.isalpha() else part[:1] for part in parts)
    return full, "".join(initials.split())


def written(title: str, title_en: str = "", code: str = "", more: Iterable[str] = ()) -> str:
    """The text of an index row: sections apart by one space, each found from its beginning and inside."""
    return f" {' '.join(sections(title, title_en, code, more))} "


def sections(title: str, title_en: str = "", code: str = "", more: Iterable[str] = ()) -> list[str]:
    """The ways in which a thing is written, each once."""
    title = folded(title)
    parts = [tripled(title), folded(code), tripled(code) if len(code) <= 40 else ""]
    if CHINESE.search(title):
        full, initials = pinyin(title)
        parts += [full, tripled(initials)]
    else:
        parts.append(title)
    parts.append(folded(title_en))
    for word in more:
        said = folded(word)
        if said:
            parts += [tripled(said), pinyin(said)[0]] if CHINESE.search(said) else [said]
    return list(dict.fromkeys(part for part in parts if part))


def runs(parts: Iterable[str]) -> set[str]:
    """The dictionary's words of these sections: what a slip may have meant. Initials are too short to be one."""
    return {run for part in parts for run in RUN.findall(part) if len(run) >= _least(run) and not _is_initials(run)}


def _least(run: str) -> int:
    """Three letters, or two Chinese characters, which are written three times."""
    return 6 if CHINESE.match(run) else FUZZY


def _is_initials(run: str) -> bool:
    return not CHINESE.match(run) and len(run) % 3 == 0 and run == tripled(run[::3])


def terms(question: str) -> list[Term]:
    """The words of a question; at most `TERMS` count."""
    return [_term(word) for word in folded(question).split()[:TERMS]]


def _term(word: str) -> Term:
    if CHINESE.search(word):
        return Term(tripled(word), sound=pinyin(word)[0] if len(CHINESE.findall(word)) > 1 else "")
    return Term(tripled(word), plain=word if len(word) > SHORT else "")


def fuzzy(question: str) -> str:
    """The question as a slip is looked for: '' where it is too short to tell a slip from another word."""
    joined = "".join(folded(question).split())
    if len(joined) < FUZZY:
        return ""
    return tripled(joined) if CHINESE.search(joined) else joined


def slip(question: str) -> tuple[str, list[str]]:
    """The part of a `fuzzy` question that the dictionary is asked for, '' where none is long enough; and the others."""
    parts = PART.findall(question)
    words = [each for each in parts if not each.isdigit() and len(each) >= _least(each)]
    if not words:
        return "", []
    longest = max(words, key=len)
    return longest, [each for each in parts if each != longest]


def similar(question: str) -> float:
    """Least word similarity of a slip. One wrong letter or character spoils more of a short question than of a long.

    Three of four Chinese characters right is 0.41, six of seven 0.6; two letters turned in twelve about 0.5.
    """
    return 0.4 if len(question) <= SHORT_SLIP else 0.45 if len(question) <= LONG_SLIP else 0.55


def like(text: str, *, begins: bool = False, whole: bool = False) -> str:
    """A LIKE pattern: anywhere; at the beginning of a section; a whole section."""
    safe = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"% {safe} %" if whole else f"% {safe}%" if begins else f"%{safe}%"


def score(question: list[Term], text: str) -> int:
    """How well a written text answers, 0 where it does not: the same measure as the index's own query."""
    total = 0
    for term in question:
        best = _score(term, text)
        if not best:
            return 0
        total += best
    return total // len(question) if question else 0


def _score(term: Term, text: str) -> int:
    for pattern, points in ((term.whole, WHOLE), (term.plain, PLAIN), (term.sound, SOUND)):
        if not pattern:
            continue
        for form, worth in zip((f" {pattern} ", f" {pattern}", pattern), points, strict=True):
            if form in text:
                return worth
    return 0


WHOLE, PLAIN, SOUND = (100, 80, 60), (90, 70, 40), (35, 30, 25)
"""What a match is worth that is a whole section, the beginning of one, inside one."""
