"""Full text over the guides: Chinese by pairs of characters, other scripts by words, headings by pinyin too.

The weight of a term is its rarity (idf); of sections that lack a term, those with most of the weight come first.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fengsui.core.help.site import plain

RUNS = re.compile(r"[\u3400-\u9fff]+|[a-z0-9_./-]+")
HAN = re.compile(r"[\u3400-\u9fff]")
SHOWN, OF_ONE_PAGE, AROUND, LONGEST = 20, 3, 60, 80
OTHER_LANGUAGE = 0.3
"""Weight of a page that exists in the other language only."""
ENOUGH = 0.5
"""Share of the whole weight that a section must hold to be listed."""


@dataclass(frozen=True, slots=True)
class Found:
    page: str
    anchor: str
    title: str
    heading: str
    pieces: list[tuple[str, bool]]
    """Text around the first hit, in pieces: (words, whether they were looked for)."""


def terms(query: str) -> list[str]:
    """`怎么解除 alert` -> 怎么, 么解, 解除, alert."""
    found: list[str] = []
    for run in RUNS.findall(plain(query)[:LONGEST]):
        if HAN.match(run) and len(run) > 1:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
        else:
            found.append(run.strip("./-_") or run)
    return list(dict.fromkeys(found))


def sounds_like(term: str, pinyin: str) -> bool:
    """`jiaoban`, `jiao` or `jb` against the syllables `jiao ban`; two letters and more."""
    if len(term) < 2 or not term.isascii():
        return False
    for part in pinyin.split("   "):
        syllables = part.split()
        for at in range(len(syllables)):
            rest = syllables[at:]
            if "".join(rest).startswith(term) or "".join(each[0] for each in rest).startswith(term):
                return True
    return False


def _strength(term: str, title: str, heading: str, text: str, pinyin: str) -> float:
    times = text.count(term)
    score = times / (times + 1.5)
    score += 2.0 * (term in heading) + 1.5 * (term in title)
    return score or (1.5 if sounds_like(term, pinyin) else 0.0)


def search(site: dict[str, Any], query: str, language: str) -> list[Found]:
    """The best sections of the guides, at most `SHOWN`; one in the other language only where it has no twin here."""
    wanted = terms(query)
    rows = [(at, weight) for at, weight in _readable(site, language)] if wanted else []
    strengths = [[_strength(term, *site["plain"][at]) for term in wanted] for at, _weight in rows]
    held_by = [sum(1 for each in strengths if each[at] > 0) for at in range(len(wanted))]
    # Pairs across two words (`入一` in 导入一张表) stand nowhere and say nothing.
    rarity = [math.log(1 + len(rows) / (1 + count)) if count else 0.0 for count in held_by]
    whole, most, scored = plain(query).strip(), sum(rarity), []
    for (at, weight), each in zip(rows, strengths, strict=True):
        held = sum(rare for rare, strength in zip(rarity, each, strict=True) if strength)
        if not held or held < ENOUGH * most:
            continue
        score = sum(rare * strength for rare, strength in zip(rarity, each, strict=True)) * (held / most) ** 2
        _title, heading, text, _sound = site["plain"][at]
        scored.append((-score * weight * (2.0 if whole in heading or whole in text else 1.0), at))
    return [_shown(site, site["sections"][at], wanted) for at in _of_each_page(site, sorted(scored))][:SHOWN]


def _of_each_page(site: dict[str, Any], scored: list[tuple[float, int]]) -> Iterator[int]:
    """Not more than some sections of one page, so that another one is seen."""
    seen: Counter[str] = Counter()
    for _score, at in scored:
        where = site["sections"][at][0]
        seen[where] += 1
        if seen[where] <= OF_ONE_PAGE:
            yield at


def _readable(site: dict[str, Any], language: str) -> Iterator[tuple[int, float]]:
    """(number, weight) of the sections that a reader of this language is shown."""
    for at, section in enumerate(site["sections"]):
        page = site["pages"][section[0]]
        own = page["language"] == language
        if own or not page["twin"]:
            yield at, 1.0 if own else OTHER_LANGUAGE


def _shown(site: dict[str, Any], section: list[str], wanted: list[str]) -> Found:
    where, anchor, heading, text, _pinyin = section
    low = text.lower()
    at = min((hit for hit in (low.find(term) for term in wanted) if hit >= 0), default=0)
    begin = max(0, at - AROUND // 2)
    cut = text[begin : at + AROUND * (2 if at < len(text) and not HAN.search(text[at : at + 20]) else 1)]
    marks = re.compile("|".join(re.escape(term) for term in sorted(wanted, key=len, reverse=True)), re.IGNORECASE)
    pieces, last = [], 0
    for hit in marks.finditer(cut):
        pieces += [(cut[last : hit.start()], False), (hit[0], True)]
        last = hit.end()
    pieces.append((cut[last:], False))
    ends = [("…", False)] if begin + len(cut) < len(text) else []
    begins = [("…", False)] if begin else []
    return Found(where, anchor, site["pages"][where]["title"], heading, [*begins, *pieces, *ends])
