"""`./fengsui bench pdf`: two pages of Chinese with a table, as a job of a warm process makes them; then ten times that.

ours     `core.ui.press` as papers are printed: WeasyPrint, its fonts kept by the process
typst    (peer) a typesetter of its own language in Rust: the same text, table, font and paper size, as its program runs
kept     (peer) the same, its fonts kept by the process, too: what a rewrite of every paper in its language would buy
cold     ours, the first paper of a process: import and fonts (once, no comparison)

Each paragraph differs from round to round, since typst keeps what it has set before. Every document's last line is
read back from the PDF, and its pages are counted; else there is no time.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import _shared

FONT = "Noto Serif CJK SC"
TEXT = (
    "七月二十八日二时三十一分，启工街道南两洞桥积水深度达到零点二七米，超过橙色线。值班员核实后，带班领导签发橙色预警，"
    "交警封控两端路口，排水队两组泵车到场抽排，社区逐户叫应低洼处居民，三时零五分最后一户应答。"
)
LAST = "以上各项均已办结并留有凭据"
COLD = (
    "import time; t = time.perf_counter(); from fengsui.core.ui.press import pdf_of; pdf_of('<p>一</p>'); "
    "print(time.perf_counter() - t)"
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench pdf")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    few = 0.0
    for times in (1, 10):
        works: dict[str, Callable[[int], tuple[bytes, int]]] = {
            "ours": _ours(times),
            "typst": _typst(times),
            "kept": _typst(times, kept=True),
        }
        took: dict[str, list[float]] = {name: [] for name in works}
        pages: dict[str, int] = {}
        for turn in range(options.rounds + 1):
            for name, work in works.items():
                began = time.perf_counter()
                body, pages[name] = work(turn)
                if turn:  # the first pays for imports and fonts
                    took[name].append((time.perf_counter() - began) * 1000)
                else:
                    _check(name, body, pages[name], times)
        mine = statistics.median(took["ours"])
        met = statistics.median(a / b for a, b in zip(took["ours"], took["typst"], strict=True)) <= 2
        print(f"\n{pages['ours']} pages (typst {pages['typst']}), {options.rounds} rounds; {_shared.load()}")
        _shared.times(
            "pdf", f"{2 * times} pages, warm", took, goal="" if few else "<= 2 x typst", met=None if few else met,
            exponent=_shared.growth(few, mine) if few else None,
        )  # fmt: skip
        few = few or mine
    cold = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, check=True)
    _shared.times("pdf", "cold, one line", {"ours": [float(cold.stdout) * 1000]})
    return 0


def _check(name: str, body: bytes, pages: int, times: int) -> None:
    from pypdf import PdfReader

    read = PdfReader(io.BytesIO(body))
    text = read.pages[-1].extract_text().replace("\n", "")
    if LAST not in text or len(read.pages) != pages or not 1.2 * times <= pages <= 2 * times + 2:
        raise SystemExit(f"pdf, {name}: {pages} pages, ends with {text[-40:]!r}: no time")


def _rows(times: int) -> list[tuple[str, ...]]:
    return [
        (f"{n + 1}", f"{2 + n // 60:02d}:{n % 60:02d}", "南两洞桥", f"{0.1 + n % 20 / 100:.2f}", "已核实")
        for n in range(20 * times)
    ]


def _paragraphs(times: int, turn: int) -> list[str]:
    return [f"第{turn}稿第{n}段：{TEXT}" for n in range(8 * times)]


def _ours(times: int) -> Callable[[int], tuple[bytes, int]]:
    rows = "".join(f"<tr>{''.join(f'<td>{each}</td>' for each in row)}</tr>" for row in _rows(times))
    head = (
        f"<html lang=zh><style>@page {{ size: A4; margin: 37mm 26mm 35mm 28mm }} body {{ font: 12pt/1.8 '{FONT}' }} "
        "p { text-indent: 2em; margin: 0 } table { border-collapse: collapse; width: 100% } td { border: 1px solid }"
        "</style><h1>关于积水处置的报告</h1>"
    )

    def work(turn: int) -> tuple[bytes, int]:
        from fengsui.core.ui.press import pdf_of

        body = "".join(f"<p>{each}</p>" for each in _paragraphs(times, turn))
        return pdf_of(f"{head}{body}<table>{rows}</table><p>{LAST}</p></html>")

    return work


def _typst(times: int, *, kept: bool = False) -> Callable[[int], tuple[bytes, int]]:
    import typst
    from pypdf import PdfReader

    rows = ", ".join(f"[{each}]" for row in _rows(times) for each in row)
    head = (
        '#set page(paper: "a4", margin: (top: 37mm, right: 26mm, bottom: 35mm, left: 28mm))\n'
        f'#set text(font: "{FONT}", size: 12pt, lang: "zh")\n'
        "#set par(first-line-indent: (amount: 2em, all: true), leading: 0.8em, spacing: 0.8em, justify: true)\n"
        "= 关于积水处置的报告\n\n"
    )
    fonts, counted = typst.Fonts() if kept else [], list[int]()

    def work(turn: int) -> tuple[bytes, int]:
        body = "\n\n".join(_paragraphs(times, turn))
        text = f"{head}{body}\n\n#table(columns: (1fr, 1fr, 2fr, 1fr, 2fr), {rows})\n\n{LAST}\n"
        made = typst.compile(text.encode(), font_paths=fonts)
        if not counted:
            counted.append(len(PdfReader(io.BytesIO(made)).pages))
        return made, counted[0]

    return work


if __name__ == "__main__":
    raise SystemExit(main([]))
