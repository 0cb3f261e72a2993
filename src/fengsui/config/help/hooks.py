"""What the build does beside turning Markdown into HTML. Called by ProperDocs; named in mkdocs.yml.

`help.json`, beside the pages:

    pages     {address: {title, language, source, html, toc: [[level, anchor, title]], before, after, twin}}
    menus     {language: [[title, address or "", [children…]]]}
    sections  [[address, anchor, heading, text, pinyin]]: what the search looks through; pinyin: the syllables of title
              and heading, three spaces between the two
    files     {address: bytes}: pictures and other files that a page may ask for
"""

from __future__ import annotations

import json
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from properdocs.exceptions import PluginError
from pypinyin import lazy_pinyin

REPO = Path(__file__).resolve().parents[4]
LINK = re.compile(r"(?<!!)\[([^\]\n]*(?:`[^`\n]*`[^\]\n]*)*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ARROW = re.compile(r"^\s*(\S+) --> (\S+?)(?:\s*:\s*(.+))?$")
IMAGE = re.compile(r'(<img [^>]*src="([^"]+)"[^>]*>)')
HAN = re.compile(r"[\u4e00-\u9fff]")
_pages: dict[str, dict[str, Any]] = {}
_menus: dict[str, list[Any]] = {}
_sections: list[list[str]] = []


def language_of(source: str) -> str:
    """`zh` or `en`, from a page's path below docs/."""
    return "zh" if "/zh/" in source or source.endswith(".zh-CN.md") else "en"


def on_config(config: Any) -> Any:
    """A pattern in the menu stands for the pages of a folder: whoever adds a page adds a file."""
    _spread(config.nav, Path(config.docs_dir))
    return config


def _spread(items: list[Any], docs: Path) -> None:
    for item in list(items):
        if isinstance(item, str) and "*" in item:
            found = sorted(each.relative_to(docs).as_posix() for each in docs.glob(item))
            if not item.endswith(".zh-CN.md"):
                found = [each for each in found if not each.endswith(".zh-CN.md")]
            at = items.index(item)
            items[at : at + 1] = found
        elif isinstance(item, dict):
            for inside in item.values():
                if isinstance(inside, list):
                    _spread(inside, docs)


def on_pre_build(**_: Any) -> None:
    _pages.clear()
    _menus.clear()
    _sections.clear()


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links that leave docs/ become the path in the repository; diagrams of states become tables, without a script."""
    inside = posixpath.dirname(page.file.src_uri)
    return MERMAID.sub(lambda found: _table(found[1]), LINK.sub(lambda found: _inward(found, inside), markdown))


def _inward(found: re.Match[str], inside: str) -> str:
    text, where = found[1], found[2]
    if "://" in where or where.startswith("mailto:"):
        return found[0]
    path = posixpath.normpath(posixpath.join("docs", inside, where))
    if path.startswith("docs/"):
        return found[0]
    if not (REPO / path).exists():
        raise PluginError(f"docs/{inside}: a link leads to {path}, which does not exist")
    return text if text.strip("`") == path else f"{text} (`{path}`)"


def _table(diagram: str) -> str:
    """The arrows of a state diagram: from, verb, to."""
    rows = [ARROW.match(line) for line in diagram.splitlines()]
    lines = [f"| `{row[1]}` | {row[3] or ''} | `{row[2]}` |" for row in rows if row]
    return "\n".join(["| 从 from | 动作 verb | 到 to |", "|---|---|---|", *lines]).replace("`[*]`", "●")


def on_page_content(html: str, page: Any, **_: Any) -> str:
    where = _address(page)
    _pages[where] = {
        "title": str(page.title),
        "language": language_of(page.file.src_uri),
        "source": page.file.src_uri,
        "html": IMAGE.sub(r'<a href="\2">\1</a>', html),
        "toc": [[2, each.id, each.title] for top in page.toc for each in top.children],
        "before": _address(page.previous_page) if page.previous_page else "",
        "after": _address(page.next_page) if page.next_page else "",
    }
    for anchor, heading, text in _cut(html):
        title = str(page.title)
        sound = "   ".join(" ".join(_sound(words)) for words in dict.fromkeys((title, heading)))
        _sections.append([where, anchor, heading or title, text, sound])
    return html


def _address(page: Any) -> str:
    """Below /help/; the first page of docs/ by its file, since /help/ itself leads to the reader's manual."""
    return str(page.url).removeprefix("./") or "index.html"


def _sound(words: str) -> list[str]:
    """Syllables of the Chinese characters; signs between them are not heard."""
    return lazy_pinyin("".join(HAN.findall(words)))


def on_nav(nav: Any, **_: Any) -> Any:
    """Two menus: the first level of the configuration is the language."""
    for code, item in zip(("zh", "en"), nav.items, strict=True):
        for end, beside in (("first", "previous_page"), ("last", "next_page")):
            pages = [each for each in nav.pages if item in each.ancestors]
            if pages:
                setattr(pages[0 if end == "first" else -1], beside, None)
        _menus[code] = item.children
    return nav


def on_post_build(config: Any, **_: Any) -> None:
    site = Path(config.site_dir)
    for where, page in _pages.items():
        page["twin"] = next((each for each in _twins(where) if each in _pages), "")
        for beside in ("before", "after"):  # titles are known only now that every page was read
            page[beside] = [_pages[page[beside]]["title"], page[beside]] if page[beside] else None
    files = {
        each.relative_to(site).as_posix(): each.stat().st_size
        for each in sorted(site.glob("**/*"))
        if each.is_file() and each.suffix != ".html"
    }
    menus = {code: [_entry(each) for each in items] for code, items in _menus.items()}
    body = {"pages": _pages, "menus": menus, "sections": _sections, "files": files}
    (site / "help.json").write_text(json.dumps(body, ensure_ascii=False))


def _twins(where: str) -> list[str]:
    """Where the same page in the other language would be."""
    if where.endswith(".zh-CN/"):
        return [where.removesuffix(".zh-CN/") + "/"]
    if "manual/zh/" in where:
        return [where.replace("manual/zh/", "manual/en/")]
    return [where.removesuffix("/") + ".zh-CN/", where.replace("manual/en/", "manual/zh/")][
        : 1 + ("manual/en/" in where)
    ]


def _entry(item: Any) -> list[Any]:
    if item.is_section:
        return [item.title, "", [_entry(each) for each in item.children]]
    return [str(item.title), _address(item), []]


class _Cut(HTMLParser):
    """Text by heading."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[list[str]] = [["", "", ""]]
        self.heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"h1", "h2", "h3"}:
            self.parts.append([dict(attrs).get("id") or "", "", ""])
            self.heading = True
        elif tag in {"p", "li", "tr", "pre", "td", "th", "br"}:
            self.parts[-1][2] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in {"h1", "h2", "h3"}:
            self.heading = False

    def handle_data(self, data: str) -> None:
        self.parts[-1][1 if self.heading else 2] += data


def _cut(html: str) -> list[list[str]]:
    cut = _Cut()
    cut.feed(html)
    return [[anchor, heading, " ".join(text.split())] for anchor, heading, text in cut.parts if heading or text.strip()]
